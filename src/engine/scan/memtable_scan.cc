// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/memtable_scan.h"

#include <algorithm>

namespace varve::engine {
namespace {

void append_cells(const ChunkCells& from, std::span<const uint32_t> rows, ColumnVector& to) {
  const bool is_word = !is_variable_size(from.type) && from.type != ValueType::kBool;
  if (from.form == CellForm::kFull && (from.states != nullptr || !is_word)) {
    return append_rows(from.view(), rows, to);
  }
  if (from.states != nullptr) {
    for (const uint32_t row : rows) append_cell(from, row, to);
    return;
  }
  auto* out = static_cast<uint64_t*>(to.append_uninitialized(rows.size()));
  with_cell_reader(from.type, from.form, [&](auto read) {
    for (size_t i = 0; i < rows.size(); ++i) out[i] = read(from.values, rows[i]);
  });
}

}  // namespace

MemtableScan::MemtableScan(std::shared_ptr<const Memtable> memtable,
                           const std::vector<ScanColumn>& columns, const SeriesBits* wanted)
    : memtable_(std::move(memtable)), columns_(columns), wanted_(wanted) {
  for (ChunkSnapshot& chunk : memtable_->snapshot()) {
    Part part;
    for (const ScanColumn& column : columns_) {
      part.columns.push_back(chunk.chunk->column_index(column));
    }
    part.chunk = std::move(chunk);
    parts_.push_back(std::move(part));
  }
}

bool MemtableScan::may_have(SeriesId series, const TimeRange& range) const {
  return std::ranges::any_of(parts_, [&](const Part& part) {
    const MemtableChunk& chunk = *part.chunk.chunk;
    return chunk.may_overlap(range) && chunk.may_have(series);
  });
}

// Fills slices_ in order of arrival.
void MemtableScan::find(SeriesId series, const TimeRange& range) {
  slices_.clear();
  for (Part& part : parts_) {
    const MemtableChunk& chunk = *part.chunk.chunk;
    if (!chunk.may_overlap(range) || !chunk.may_have(series)) continue;
    if (part.pieces.empty()) part.pieces = chunk.order(part.chunk.row_count, wanted_);
    const int64_t* times = chunk.times_ns();
    const auto before = [times](uint32_t row, int64_t time) { return times[row] < time; };
    for (const auto& piece : part.pieces) {
      auto rows = piece->find(series);
      if (rows.empty()) continue;
      auto first = rows.begin();
      auto last = rows.end();
      if (times[rows.front()] < range.begin_ns) {
        first = std::lower_bound(first, last, range.begin_ns, before);
      }
      if (times[rows.back()] >= range.end_ns) {
        last = std::lower_bound(first, last, range.end_ns, before);
      }
      if (first == last) continue;
      slices_.push_back({.part = &part,
                         .rows = {first, last},
                         .time_first_ns = times[*first],
                         .time_last_ns = times[*(last - 1)]});
    }
  }
}

// Cuts slices whose times overlap into pieces that do not.
void MemtableScan::merge_slices() {
  struct Ref {
    int64_t time_ns = 0;
    const Part* part = nullptr;
    uint32_t row = 0;
  };
  std::vector<Ref> refs;
  for (const Slice& slice : slices_) {
    const int64_t* times = slice.part->chunk.chunk->times_ns();
    for (const uint32_t row : slice.rows) {
      refs.push_back({.time_ns = times[row], .part = slice.part, .row = row});
    }
  }
  // Later slices arrived later: a stable sort keeps the order of arrival among equal times.
  std::ranges::stable_sort(refs, {}, &Ref::time_ns);
  merged_rows_.clear();
  for (const Ref& ref : refs) merged_rows_.push_back(ref.row);
  slices_.clear();
  for (size_t begin = 0; begin < refs.size();) {
    size_t end = begin + 1;
    while (end < refs.size() && refs[end].part == refs[begin].part) ++end;
    slices_.push_back({.part = refs[begin].part,
                       .rows = std::span(merged_rows_).subspan(begin, end - begin),
                       .time_first_ns = refs[begin].time_ns,
                       .time_last_ns = refs[end - 1].time_ns});
    begin = end;
  }
}

void MemtableScan::collect(SeriesId series, const TimeRange& range, std::vector<RowRun>& runs) {
  find(series, range);
  if (slices_.empty()) return;
  for (size_t i = 1; i < slices_.size(); ++i) {
    if (slices_[i].time_first_ns >= slices_[i - 1].time_last_ns) continue;
    merge_slices();
    break;
  }
  size_t row_count = 0;
  for (const Slice& slice : slices_) row_count += slice.rows.size();
  auto rows = std::make_shared<OwnedRows>(columns_);
  rows->times_ns.reserve(row_count);
  for (const Slice& slice : slices_) {
    const int64_t* times = slice.part->chunk.chunk->times_ns();
    for (const uint32_t row : slice.rows) rows->times_ns.push_back(times[row]);
  }
  for (size_t c = 0; c < columns_.size(); ++c) {
    rows->columns[c].reserve(row_count);
    append_column(c, rows->columns[c]);
  }
  runs.push_back(to_run(std::move(rows), {memtable_}));
}

void MemtableScan::collect_times(SeriesId series, const TimeRange& range,
                                 std::vector<TimeRange>& times) {
  find(series, range);
  for (const Slice& slice : slices_) {
    times.push_back({.begin_ns = slice.time_first_ns, .end_ns = slice.time_last_ns + 1});
  }
}

void MemtableScan::append_column(size_t column, ColumnVector& to) const {
  for (const Slice& slice : slices_) {
    const int index = slice.part->columns[column];
    if (index < 0) {
      to.pad_to(to.row_count() + slice.rows.size());
      continue;
    }
    const ChunkSnapshot& chunk = slice.part->chunk;
    append_cells(chunk.chunk->cells(static_cast<size_t>(index), chunk.row_count), slice.rows, to);
  }
}

void MemtableScan::add_series(SeriesBits& series) const {
  for (const Part& part : parts_) {
    const SeriesId* ids = part.chunk.chunk->series();
    for (uint32_t row = 0; row < part.chunk.row_count; ++row) series.add(ids[row]);
  }
}

uint64_t MemtableScan::row_count() const {
  uint64_t rows = 0;
  for (const Part& part : parts_) rows += part.chunk.row_count;
  return rows;
}

}  // namespace varve::engine
