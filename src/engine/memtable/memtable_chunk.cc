// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/memtable_chunk.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/check.h"

namespace varve::engine {

std::span<const uint32_t> ChunkOrder::find(SeriesId series) const {
  const auto run = std::lower_bound(
      runs.begin(), runs.end(), series,
      [](const Run& entry, SeriesId wanted) { return raw(entry.series) < raw(wanted); });
  if (run == runs.end() || run->series != series) return {};
  return std::span(rows).subspan(run->begin, run->end - run->begin);
}

ChunkOrder order_rows(const SeriesId* series, const int64_t* times_ns,
                      std::vector<uint32_t> rows) {
  ChunkOrder order;
  // Series and row in one number: sorting it keeps the order of arrival inside a series.
  std::vector<uint64_t> keys(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    keys[i] = uint64_t{raw(series[rows[i]])} << 32 | rows[i];
  }
  if (!std::ranges::is_sorted(keys)) std::ranges::sort(keys);
  order.rows.resize(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) order.rows[i] = static_cast<uint32_t>(keys[i]);
  for (size_t begin = 0; begin < keys.size();) {
    const uint64_t id = keys[begin] >> 32;
    size_t end = begin + 1;
    while (end < keys.size() && keys[end] >> 32 == id) ++end;
    const auto run = std::span(order.rows).subspan(begin, end - begin);
    const auto time_of = [times_ns](uint32_t row) { return times_ns[row]; };
    if (!std::ranges::is_sorted(run, {}, time_of)) std::ranges::stable_sort(run, {}, time_of);
    order.runs.push_back({.series = SeriesId{static_cast<uint32_t>(id)},
                          .begin = static_cast<uint32_t>(begin),
                          .end = static_cast<uint32_t>(end)});
    begin = end;
  }
  return order;
}

MemtableChunk::MemtableChunk(uint32_t capacity, std::vector<ScanColumn> columns)
    : capacity_(capacity),
      columns_(std::move(columns)),
      times_ns_(std::make_unique_for_overwrite<int64_t[]>(capacity)),
      series_(std::make_unique_for_overwrite<SeriesId[]>(capacity)),
      cells_(std::make_unique<Cells[]>(columns_.size())) {
  size_t bytes = sizeof(*this) + capacity * (sizeof(int64_t) + sizeof(SeriesId));
  for (size_t i = 0; i < columns_.size(); ++i) {
    const size_t cell_bytes = ColumnVector::cell_size_bytes(columns_[i].type);
    cells_[i].values = std::make_unique_for_overwrite<char[]>(capacity * cell_bytes);
    bytes += sizeof(Cells) + sizeof(ScanColumn) + capacity * cell_bytes;
  }
  size_bytes_.store(bytes, std::memory_order_relaxed);
}

MemtableChunk::~MemtableChunk() {
  for (size_t i = 0; i < columns_.size(); ++i) {
    delete[] cells_[i].states.load(std::memory_order_relaxed);
  }
}

int MemtableChunk::column_index(const ScanColumn& column) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].id == column.id) {
      return columns_[i].type == column.type ? static_cast<int>(i) : -1;
    }
  }
  return -1;
}

bool MemtableChunk::has_columns_of(const WriteBatch& batch) const {
  // Columns usually come in the order of the last batch: look at the same place first.
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    const ColumnId id = batch.columns[i].id;
    if (i < columns_.size() && columns_[i].id == id) continue;
    if (std::ranges::find(columns_, id, &ScanColumn::id) == columns_.end()) return false;
  }
  return true;
}

CellState* MemtableChunk::states_to_write(Cells& cells, uint32_t row_count) {
  CellState* states = cells.states.load(std::memory_order_relaxed);
  if (states == nullptr) {
    states = new CellState[capacity_];
    std::fill(states, states + row_count, CellState::kValue);
    cells.states.store(states, std::memory_order_release);
    size_bytes_.fetch_add(capacity_, std::memory_order_relaxed);
  }
  return states;
}

void MemtableChunk::append_column(size_t column, const ColumnView& from, size_t begin, size_t end,
                                  uint32_t at, StringArena& texts) {
  Cells& cells = cells_[column];
  const size_t cell_bytes = ColumnVector::cell_size_bytes(from.type);
  const size_t count = end - begin;
  if (is_variable_size(from.type)) {
    auto* out = reinterpret_cast<std::string_view*>(cells.values.get()) + at;
    const auto in = from.as<std::string_view>();
    for (size_t i = 0; i < count; ++i) out[i] = texts.add(in[begin + i]);
  } else {
    std::memcpy(cells.values.get() + at * cell_bytes,
                static_cast<const char*>(from.values) + begin * cell_bytes, count * cell_bytes);
  }
  bool any_value = true;
  if (from.states != nullptr) {
    std::memcpy(states_to_write(cells, at) + at, from.states + begin, count);
    any_value = std::find(from.states + begin, from.states + end, CellState::kValue) !=
                from.states + end;
  } else if (CellState* states = cells.states.load(std::memory_order_relaxed)) {
    std::fill(states + at, states + at + count, CellState::kValue);
  }
  if (any_value) cells.has_value.store(true, std::memory_order_relaxed);
}

void MemtableChunk::append(const WriteBatch& batch, std::span<const SeriesId> ids, size_t begin,
                           size_t end, StringArena& texts) {
  const uint32_t at = row_count_.load(std::memory_order_relaxed);
  const size_t count = end - begin;
  CHECK(at + count <= capacity_);
  std::memcpy(times_ns_.get() + at, batch.times_ns.data() + begin, count * sizeof(int64_t));
  for (size_t i = 0; i < count; ++i) series_[at + i] = ids[batch.row_series[begin + i]];
  for (size_t c = 0; c < columns_.size(); ++c) {
    const ColumnId id = columns_[c].id;
    const bool same_place = c < batch.columns.size() && batch.columns[c].id == id;
    const auto found = same_place ? batch.columns.begin() + static_cast<ptrdiff_t>(c)
                                  : std::ranges::find(batch.columns, id, &BatchColumn::id);
    if (found != batch.columns.end()) {
      CHECK(found->values.type() == columns_[c].type);
      append_column(c, found->values.view(), begin, end, at, texts);
    } else {
      const size_t cell_bytes = ColumnVector::cell_size_bytes(columns_[c].type);
      std::memset(cells_[c].values.get() + at * cell_bytes, 0, count * cell_bytes);
      std::memset(states_to_write(cells_[c], at) + at, 0, count);  // kAbsent is 0.
    }
  }
  row_count_.store(at + static_cast<uint32_t>(count), std::memory_order_release);
}

ColumnView MemtableChunk::cells(size_t column_index, uint32_t row_count) const {
  const Cells& cells = cells_[column_index];
  return {.type = columns_[column_index].type,
          .values = cells.values.get(),
          .states = cells.states.load(std::memory_order_acquire),
          .row_count = row_count};
}

bool MemtableChunk::has_value(size_t column_index) const {
  return cells_[column_index].has_value.load(std::memory_order_relaxed);
}

const ChunkOrder& MemtableChunk::order() const {
  CHECK(closed());
  std::call_once(order_made_, [this] {
    std::vector<uint32_t> rows(row_count());
    std::iota(rows.begin(), rows.end(), 0);
    order_ = order_rows(series_.get(), times_ns_.get(), std::move(rows));
  });
  return order_;
}

}  // namespace varve::engine
