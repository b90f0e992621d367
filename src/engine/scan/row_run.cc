// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/row_run.h"

#include <algorithm>

#include "base/check.h"

namespace varve::engine {
namespace {

// Calls visit(cell index, append) with the typed append of the column.
template <class Visit>
void with_type(ValueType type, const Visit& visit) {
  switch (type) {
    case ValueType::kFloat64:
      return visit(double{}, [](ColumnVector& to, double cell) { to.append_f64(cell); });
    case ValueType::kInt64:
    case ValueType::kTimestamp:
      return visit(int64_t{}, [](ColumnVector& to, int64_t cell) { to.append_i64(cell); });
    case ValueType::kUint64:
      return visit(uint64_t{}, [](ColumnVector& to, uint64_t cell) { to.append_u64(cell); });
    case ValueType::kBool:
      return visit(uint8_t{}, [](ColumnVector& to, uint8_t cell) { to.append_bool(cell != 0); });
    case ValueType::kString:
    case ValueType::kBytes:
      return visit(std::string_view{},
                   [](ColumnVector& to, std::string_view cell) { to.append_string_view(cell); });
  }
}

// Numbers that all have a value: no look at the state of each.
template <class T>
void gather(std::span<const T* const> cells_of_runs, std::span<const RowRef> refs,
            ColumnVector& to) {
  T* out = static_cast<T*>(to.append_uninitialized(refs.size()));
  for (size_t i = 0; i < refs.size(); ++i) out[i] = cells_of_runs[refs[i].run][refs[i].row];
}

// For each group of equal times the reference whose cell counts: the last one that is not absent.
void pick_last_present(const std::vector<RowRun>& runs, size_t column,
                       std::span<const RowRef> refs, std::span<const size_t> group_ends,
                       std::vector<RowRef>& picked) {
  picked.clear();
  size_t begin = 0;
  for (const size_t end : group_ends) {
    RowRef pick{.run = RowRef::kNoRun, .row = 0};
    for (size_t i = end; i > begin; --i) {
      const RowRef& ref = refs[i - 1];
      if (runs[ref.run].columns[column].state(ref.row) != CellState::kAbsent) {
        pick = ref;
        break;
      }
    }
    picked.push_back(pick);
    begin = end;
  }
}

// True when the runs, sorted by their first time, do not touch each other.
bool are_disjoint(std::vector<RowRun>& runs, MergeMode mode) {
  const auto simple = [&](const RowRun& run) {
    return run.times_differ || mode == MergeMode::kAppend;
  };
  if (!std::ranges::all_of(runs, simple)) return false;
  std::vector<uint32_t> order(runs.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto first = [&](uint32_t i) { return runs[i].times_ns.front(); };
  std::ranges::stable_sort(order, {}, first);
  for (size_t i = 1; i < order.size(); ++i) {
    if (runs[order[i - 1]].times_ns.back() >= first(order[i])) return false;
  }
  std::vector<RowRun> sorted;
  sorted.reserve(runs.size());
  for (const uint32_t i : order) sorted.push_back(std::move(runs[i]));
  runs = std::move(sorted);
  return true;
}

// Every row of every run: by time, then version, then arrival.
std::vector<RowRef> sorted_refs(const std::vector<RowRun>& runs) {
  std::vector<RowRef> refs;
  size_t row_count = 0;
  for (const RowRun& run : runs) row_count += run.row_count();
  refs.reserve(row_count);
  const auto less = [&](const RowRef& a, const RowRef& b) {
    return runs[a.run].times_ns[a.row] < runs[b.run].times_ns[b.row];
  };
  for (uint32_t i = 0; i < runs.size(); ++i) {
    const auto middle = static_cast<ptrdiff_t>(refs.size());
    for (uint32_t row = 0; row < runs[i].row_count(); ++row) {
      refs.push_back({.run = i, .row = row});
    }
    std::inplace_merge(refs.begin(), refs.begin() + middle, refs.end(), less);
  }
  return refs;
}

}  // namespace

void append_refs(const std::vector<RowRun>& runs, size_t column, std::span<const RowRef> refs,
                 ColumnVector& to) {
  const bool may_gather =
      !is_variable_size(to.type()) && to.type() != ValueType::kBool &&
      std::ranges::all_of(
          runs, [&](const RowRun& run) { return run.columns[column].states == nullptr; }) &&
      std::ranges::none_of(refs, [](const RowRef& ref) { return ref.run == RowRef::kNoRun; });
  if (may_gather) {
    std::vector<const uint64_t*> cells;
    cells.reserve(runs.size());
    for (const RowRun& run : runs) {
      cells.push_back(static_cast<const uint64_t*>(run.columns[column].values));
    }
    return gather<uint64_t>(cells, refs, to);
  }
  to.reserve(to.row_count() + refs.size());
  with_type(to.type(), [&](auto sample, const auto& append) {
    using T = decltype(sample);
    for (const RowRef& ref : refs) {
      if (ref.run == RowRef::kNoRun) {
        to.pad_to(to.row_count() + 1);
        continue;
      }
      const ColumnView& from = runs[ref.run].columns[column];
      if (from.has_value(ref.row)) {
        append(to, static_cast<const T*>(from.values)[ref.row]);
      } else {
        to.pad_to(to.row_count() + 1, from.state(ref.row));
      }
    }
  });
}

RowRun RowRun::slice(size_t begin, size_t end) const {
  RowRun part{.times_ns = times_ns.subspan(begin, end - begin),
              .columns = {},
              .pin = pin,
              .times_differ = times_differ};
  part.columns.reserve(columns.size());
  for (const ColumnView& column : columns) part.columns.push_back(column.slice(begin, end));
  return part;
}

RowRun to_run(std::shared_ptr<OwnedRows> rows, std::vector<std::shared_ptr<const void>> pins) {
  RowRun run;
  run.times_ns = rows->times_ns;
  for (const ColumnVector& column : rows->columns) run.columns.push_back(column.view());
  const auto differ = [](int64_t a, int64_t b) { return a == b; };
  run.times_differ = std::ranges::adjacent_find(rows->times_ns, differ) == rows->times_ns.end();
  if (pins.empty()) {
    run.pin = std::move(rows);
  } else {
    pins.push_back(std::move(rows));
    run.pin = std::make_shared<const std::vector<std::shared_ptr<const void>>>(std::move(pins));
  }
  return run;
}

ColumnView absent_cells(ValueType type, size_t row_count) {
  CHECK(row_count <= kAbsentRowsMax);
  // Zero bytes are neutral cells of every type and absent states; never written, so that they cost
  // address space and one page of memory each.
  alignas(64) static char cells[kAbsentRowsMax * sizeof(std::string_view)];
  static CellState states[kAbsentRowsMax];
  return {.type = type, .values = cells, .states = states, .row_count = row_count};
}

void append_rows(const ColumnView& from, std::span<const uint32_t> rows, ColumnVector& to) {
  to.reserve(to.row_count() + rows.size());
  with_type(to.type(), [&](auto sample, const auto& append) {
    using T = decltype(sample);
    const T* cells = static_cast<const T*>(from.values);
    if (from.states == nullptr) {
      for (const uint32_t row : rows) append(to, cells[row]);
      return;
    }
    for (const uint32_t row : rows) {
      if (from.states[row] == CellState::kValue) {
        append(to, cells[row]);
      } else {
        to.pad_to(to.row_count() + 1, from.states[row]);
      }
    }
  });
}

void append_range(const ColumnView& from, size_t begin, size_t end, ColumnVector& to) {
  if (from.states == nullptr && !is_variable_size(from.type)) {
    return to.append_view(from.slice(begin, end));
  }
  // Growth stays geometric: reserve() would grow to the exact size each time.
  with_type(to.type(), [&](auto sample, const auto& append) {
    using T = decltype(sample);
    const T* cells = static_cast<const T*>(from.values);
    for (size_t row = begin; row < end; ++row) {
      if (from.has_value(row)) {
        append(to, cells[row]);
      } else {
        to.pad_to(to.row_count() + 1, from.states[row]);
      }
    }
  });
}

std::vector<RowRun> merge_runs(std::vector<RowRun> runs, MergeMode mode,
                               const std::vector<ScanColumn>& columns) {
  std::erase_if(runs, [](const RowRun& run) { return run.row_count() == 0; });
  if (runs.empty() || are_disjoint(runs, mode)) return runs;
  const std::vector<RowRef> refs = sorted_refs(runs);
  std::vector<size_t> group_ends;
  const auto time_of = [&](const RowRef& ref) { return runs[ref.run].times_ns[ref.row]; };
  for (size_t i = 1; i <= refs.size(); ++i) {
    const bool last = i == refs.size() || mode == MergeMode::kAppend;
    if (last || time_of(refs[i]) != time_of(refs[i - 1])) group_ends.push_back(i);
  }
  auto rows = std::make_shared<OwnedRows>(columns);
  std::vector<RowRef> winners;
  for (const size_t end : group_ends) {
    winners.push_back(refs[end - 1]);
    rows->times_ns.push_back(time_of(refs[end - 1]));
  }
  std::vector<RowRef> picked;
  for (size_t c = 0; c < columns.size(); ++c) {
    if (mode == MergeMode::kMerge) {
      pick_last_present(runs, c, refs, group_ends, picked);
      append_refs(runs, c, picked, rows->columns[c]);
    } else {
      append_refs(runs, c, winners, rows->columns[c]);
    }
  }
  std::vector<std::shared_ptr<const void>> pins;
  for (const RowRun& run : runs) pins.push_back(run.pin);
  std::vector<RowRun> merged;
  merged.push_back(to_run(std::move(rows), std::move(pins)));
  return merged;
}

RowRun copy_rows(const RowRun& run, const std::vector<ScanColumn>& columns) {
  auto rows = std::make_shared<OwnedRows>(columns);
  rows->times_ns.assign(run.times_ns.begin(), run.times_ns.end());
  for (size_t c = 0; c < columns.size(); ++c) {
    const ColumnView& from = run.columns[c];
    ColumnVector& to = rows->columns[c];
    to.reserve(run.row_count());
    if (!is_variable_size(columns[c].type)) {
      append_range(from, 0, run.row_count(), to);
      continue;
    }
    const auto* texts = static_cast<const std::string_view*>(from.values);
    for (size_t row = 0; row < run.row_count(); ++row) {
      if (from.has_value(row)) {
        to.append_string(texts[row]);
      } else {
        to.pad_to(row + 1, from.states[row]);
      }
    }
  }
  const bool times_differ = run.times_differ;
  RowRun copied = to_run(std::move(rows), {});
  copied.times_differ = times_differ;
  return copied;
}

RowRun pick_rows(const RowRun& run, std::span<const uint32_t> picked,
                 const std::vector<ScanColumn>& columns) {
  auto rows = std::make_shared<OwnedRows>(columns);
  rows->times_ns.reserve(picked.size());
  for (const uint32_t row : picked) rows->times_ns.push_back(run.times_ns[row]);
  for (size_t c = 0; c < columns.size(); ++c) append_rows(run.columns[c], picked, rows->columns[c]);
  return to_run(std::move(rows), {run.pin});
}

}  // namespace varve::engine
