// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/memtable_chunk.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace varve::engine {

std::span<const uint32_t> ChunkOrder::find(SeriesId series) const {
  const auto run = std::lower_bound(
      runs.begin(), runs.end(), series,
      [](const Run& entry, SeriesId wanted) { return raw(entry.series) < raw(wanted); });
  if (run == runs.end() || run->series != series) return {};
  return std::span(rows).subspan(run->begin, run->end - run->begin);
}

namespace {

// A row and its series in one number. Sorting by the series alone keeps the order of arrival.
using Entry = uint64_t;
constexpr uint32_t series_of(Entry entry) { return static_cast<uint32_t>(entry >> 32); }

// By digits: rows of a hundred series take one pass, those of a million two.
void sort_by_series(std::vector<Entry>& entries) {
  constexpr int kDigitBits = 11;
  if (std::ranges::is_sorted(entries, {}, series_of)) return;
  uint32_t low = UINT32_MAX;
  uint32_t high = 0;
  for (const Entry entry : entries) {
    low = std::min(low, series_of(entry));
    high = std::max(high, series_of(entry));
  }
  std::vector<Entry> sorted(entries.size());
  std::array<uint32_t, (1 << kDigitBits) + 1> begins;
  for (int shift = 0; shift < 32 && (high - low) >> shift != 0; shift += kDigitBits) {
    const auto digit = [&](Entry entry) {
      return (series_of(entry) - low) >> shift & ((1u << kDigitBits) - 1);
    };
    begins.fill(0);
    for (const Entry entry : entries) ++begins[digit(entry) + 1];
    for (size_t i = 1; i < begins.size(); ++i) begins[i] += begins[i - 1];
    for (const Entry entry : entries) sorted[begins[digit(entry)]++] = entry;
    entries.swap(sorted);
  }
}

}  // namespace

ChunkOrder MemtableChunk::order_rows(uint32_t begin, uint32_t end,
                                     const SeriesBits* wanted) const {
  std::vector<Entry> entries;
  entries.reserve(wanted ? 0 : end - begin);
  for (uint32_t row = begin; row < end; ++row) {
    if (wanted && !wanted->has(series_[row])) continue;
    entries.push_back(Entry{raw(series_[row])} << 32 | row);
  }
  sort_by_series(entries);
  ChunkOrder order;
  order.rows.resize(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) order.rows[i] = static_cast<uint32_t>(entries[i]);
  const auto time_of = [this](uint32_t row) { return times_ns_[row]; };
  for (size_t first = 0; first < entries.size();) {
    const uint32_t id = series_of(entries[first]);
    size_t last = first + 1;
    while (last < entries.size() && series_of(entries[last]) == id) ++last;
    const auto run = std::span(order.rows).subspan(first, last - first);
    if (!std::ranges::is_sorted(run, {}, time_of)) std::ranges::stable_sort(run, {}, time_of);
    order.runs.push_back({.series = SeriesId{id},
                          .begin = static_cast<uint32_t>(first),
                          .end = static_cast<uint32_t>(last)});
    first = last;
  }
  return order;
}

MemtableChunk::MemtableChunk(uint32_t capacity, std::vector<ScanColumn> columns,
                             std::vector<CellForm> forms)
    : capacity_(capacity),
      columns_(std::move(columns)),
      forms_(std::move(forms)),
      times_ns_(std::make_unique_for_overwrite<int64_t[]>(capacity)),
      series_(std::make_unique_for_overwrite<SeriesId[]>(capacity)),
      cells_(std::make_unique<Cells[]>(columns_.size())),
      series_bits_(std::make_unique<std::atomic<uint64_t>[]>((capacity + 63) / 64)) {
  CHECK(forms_.size() == columns_.size());
  size_t bytes = sizeof(*this) + capacity * (sizeof(int64_t) + sizeof(SeriesId)) +
                 (capacity + 63) / 64 * sizeof(uint64_t);
  for (size_t i = 0; i < columns_.size(); ++i) {
    const size_t cell_bytes = cell_size_bytes(columns_[i].type, forms_[i]);
    cells_[i].values = std::make_unique_for_overwrite<char[]>(capacity * cell_bytes);
    bytes += sizeof(Cells) + sizeof(ScanColumn) + sizeof(CellForm) + capacity * cell_bytes;
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

bool MemtableChunk::can_hold(const WriteBatch& batch, std::span<const CellForm> needed) const {
  if (!has_columns_of(batch)) return false;
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    const ColumnId id = batch.columns[i].id;
    const bool same_place = i < columns_.size() && columns_[i].id == id;
    const auto place = same_place ? static_cast<ptrdiff_t>(i)
                                  : std::ranges::find(columns_, id, &ScanColumn::id) -
                                        columns_.begin();
    if (forms_[static_cast<size_t>(place)] < needed[i]) return false;
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
  const size_t count = end - begin;
  if (is_variable_size(from.type)) {
    auto* out = reinterpret_cast<std::string_view*>(cells.values.get()) + at;
    const auto in = from.as<std::string_view>();
    for (size_t i = 0; i < count; ++i) out[i] = texts.add(in[begin + i]);
  } else {
    const size_t cell_bytes = cell_size_bytes(from.type, forms_[column]);
    put_cells(from, begin, end, forms_[column], cells.values.get() + at * cell_bytes);
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
  note_times(batch.times_ns.data() + begin, count);
  for (size_t i = 0; i < count; ++i) {
    const SeriesId id = ids[batch.row_series[begin + i]];
    series_[at + i] = id;
    note_series(id);
  }
  for (size_t c = 0; c < columns_.size(); ++c) {
    const ColumnId id = columns_[c].id;
    const bool same_place = c < batch.columns.size() && batch.columns[c].id == id;
    const auto found = same_place ? batch.columns.begin() + static_cast<ptrdiff_t>(c)
                                  : std::ranges::find(batch.columns, id, &BatchColumn::id);
    if (found != batch.columns.end()) {
      CHECK(found->values.type() == columns_[c].type);
      append_column(c, found->values.view(), begin, end, at, texts);
    } else {
      const size_t cell_bytes = cell_size_bytes(columns_[c].type, forms_[c]);
      std::memset(cells_[c].values.get() + at * cell_bytes, 0, count * cell_bytes);
      std::memset(states_to_write(cells_[c], at) + at, 0, count);  // kAbsent is 0.
    }
  }
  row_count_.store(at + static_cast<uint32_t>(count), std::memory_order_release);
}

ChunkCells MemtableChunk::cells(size_t column_index, uint32_t row_count) const {
  const Cells& cells = cells_[column_index];
  return {.type = columns_[column_index].type,
          .form = forms_[column_index],
          .values = cells.values.get(),
          .states = cells.states.load(std::memory_order_acquire),
          .row_count = row_count};
}

bool MemtableChunk::has_value(size_t column_index) const {
  return cells_[column_index].has_value.load(std::memory_order_relaxed);
}

TimeRange MemtableChunk::time_range() const {
  return {.begin_ns = time_first_ns_.load(std::memory_order_relaxed),
          .end_ns = time_last_ns_.load(std::memory_order_relaxed) + 1};
}

bool MemtableChunk::may_overlap(const TimeRange& range) const {
  return time_first_ns_.load(std::memory_order_relaxed) < range.end_ns &&
         time_last_ns_.load(std::memory_order_relaxed) >= range.begin_ns;
}

void MemtableChunk::note_times(const int64_t* times_ns, size_t count) {
  int64_t first = time_first_ns_.load(std::memory_order_relaxed);
  int64_t last = time_last_ns_.load(std::memory_order_relaxed);
  for (size_t i = 0; i < count; ++i) {
    first = std::min(first, times_ns[i]);
    last = std::max(last, times_ns[i]);
  }
  time_first_ns_.store(first, std::memory_order_relaxed);
  time_last_ns_.store(last, std::memory_order_relaxed);
}

bool MemtableChunk::may_have(SeriesId series) const {
  const uint32_t place = raw(series) % capacity_;
  return (series_bits_[place / 64].load(std::memory_order_relaxed) >> (place % 64) & 1) != 0;
}

void MemtableChunk::note_series(SeriesId series) {
  const uint32_t place = raw(series) % capacity_;
  auto& word = series_bits_[place / 64];
  const uint64_t bits = word.load(std::memory_order_relaxed);
  const uint64_t bit = uint64_t{1} << (place % 64);
  if ((bits & bit) == 0) word.store(bits | bit, std::memory_order_relaxed);
}

std::vector<std::shared_ptr<const ChunkOrder>> MemtableChunk::order(
    uint32_t row_count, const SeriesBits* wanted) const {
  std::vector<std::shared_ptr<const ChunkOrder>> pieces;
  const auto add = [&](std::vector<std::shared_ptr<const ChunkOrder>>& to, uint32_t begin,
                       uint32_t end, const SeriesBits* only) {
    to.push_back(std::make_shared<const ChunkOrder>(order_rows(begin, end, only)));
  };
  {
    const MutexLock lock(order_mutex_);
    if (closed() && row_count == this->row_count()) {
      if (!is_ordered_) {
        pieces_.clear();
        add(pieces_, 0, row_count, nullptr);
        is_ordered_ = true;
      }
      return pieces_;
    }
    // Who took a snapshot before the chunk was closed must not see what came after.
    if (!is_ordered_) {
      while ((pieces_.size() + 1) * kPieceRows <= row_count) {
        const auto begin = static_cast<uint32_t>(pieces_.size() * kPieceRows);
        add(pieces_, begin, begin + kPieceRows, nullptr);
      }
      pieces.assign(pieces_.begin(), pieces_.begin() + row_count / kPieceRows);
    }
  }
  const auto ordered = static_cast<uint32_t>(pieces.size() * kPieceRows);
  if (ordered < row_count) add(pieces, ordered, row_count, wanted);
  return pieces;
}

}  // namespace varve::engine
