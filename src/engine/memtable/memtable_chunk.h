// SPDX-License-Identifier: Apache-2.0
// Rows in order of arrival, in columns of fixed capacity: what a memtable is made of.
//
//   times_ns[i], series[i] and columns[c].cells[i] form row i; rows below row_count() never change
//
// Each column has a form for the life of the chunk: see chunk_cells.h.
//
// Threads: append() and close() belong to one writer; the rest is safe anywhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "engine/memtable/chunk_cells.h"
#include "engine/series_index/series_bits.h"
#include "model/column_vector.h"
#include "model/scan_spec.h"
#include "model/time_range.h"
#include "model/write_batch.h"

namespace varve::engine {

/// The rows of a chunk by series, then time, then arrival.
struct ChunkOrder {
  struct Run {
    SeriesId series{};
    uint32_t begin = 0;  ///< rows[begin, end) are the series' rows.
    uint32_t end = 0;
  };
  std::vector<uint32_t> rows;
  std::vector<Run> runs;  ///< By rising series.

  /// The rows of one series, by time, then arrival.
  std::span<const uint32_t> find(SeriesId series) const;
};

class MemtableChunk {
 public:
  /// Room for `capacity` rows of these columns, whose cells have the forms beside them.
  MemtableChunk(uint32_t capacity, std::vector<ScanColumn> columns, std::vector<CellForm> forms);
  ~MemtableChunk();

  /// True when the chunk has every column of the batch.
  bool has_columns_of(const WriteBatch& batch) const;
  /// True when its columns also hold these forms, `needed[i]` that of batch.columns[i].
  bool can_hold(const WriteBatch& batch, std::span<const CellForm> needed) const;
  const std::vector<ScanColumn>& columns() const { return columns_; }
  const std::vector<CellForm>& forms() const { return forms_; }
  uint32_t capacity() const { return capacity_; }

  /// Adds rows [begin, end) of the batch. `ids[s]` is the id of batch.series[s]; text goes to the
  /// arena, which outlives the chunk. Requires room and can_hold().
  void append(const WriteBatch& batch, std::span<const SeriesId> ids, size_t begin, size_t end,
              StringArena& texts);
  /// No more rows will come.
  void close() { closed_.store(true, std::memory_order_release); }

  uint32_t row_count() const { return row_count_.load(std::memory_order_acquire); }
  /// Once true, row_count() is final.
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  const int64_t* times_ns() const { return times_ns_.get(); }
  const SeriesId* series() const { return series_.get(); }
  /// -1 when the chunk does not have the column with that type.
  int column_index(const ScanColumn& column) const;
  ChunkCells cells(size_t column_index, uint32_t row_count) const;
  /// True when some row of the column holds a value.
  bool has_value(size_t column_index) const;
  /// Holds the time of every row that is there when it is called.
  TimeRange time_range() const;
  /// False only when no row has a time in the range.
  bool may_overlap(const TimeRange& range) const;
  /// False only when no row is of the series. One bit for each row that fits: quite sure as long as
  /// ids of series are dense.
  bool may_have(SeriesId series) const;
  /// The order of rows [0, row_count), in pieces that hold neighbouring rows. Of a closed chunk it
  /// is one piece, made at the first call. While the chunk grows, pieces of kPieceRows rows are
  /// made once; of what is behind them only rows of `wanted` series (null: all) are put in order.
  std::vector<std::shared_ptr<const ChunkOrder>> order(uint32_t row_count,
                                                       const SeriesBits* wanted) const;
  size_t size_bytes() const { return size_bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kPieceRows = 8'192;
  struct Cells {
    std::unique_ptr<char[]> values;
    // Null while every cell holds a value. Set before the row that needs it is published.
    std::atomic<CellState*> states{nullptr};
    std::atomic<bool> has_value{false};
  };
  void append_column(size_t column, const ColumnView& from, size_t begin, size_t end,
                     uint32_t at, StringArena& texts);
  CellState* states_to_write(Cells& cells, uint32_t row_count);
  void note_times(const int64_t* times_ns, size_t count);
  void note_series(SeriesId series);
  ChunkOrder order_rows(uint32_t begin, uint32_t end, const SeriesBits* wanted) const;

  const uint32_t capacity_;
  const std::vector<ScanColumn> columns_;
  const std::vector<CellForm> forms_;
  std::unique_ptr<int64_t[]> times_ns_;
  std::unique_ptr<SeriesId[]> series_;
  std::unique_ptr<Cells[]> cells_;
  std::atomic<uint32_t> row_count_{0};
  std::atomic<bool> closed_{false};
  std::atomic<size_t> size_bytes_{0};
  // Widened before the row that needs it is published.
  std::atomic<int64_t> time_first_ns_{INT64_MAX};
  std::atomic<int64_t> time_last_ns_{INT64_MIN};
  std::unique_ptr<std::atomic<uint64_t>[]> series_bits_;
  // Made by readers, one at a time.
  mutable Mutex order_mutex_;
  mutable std::vector<std::shared_ptr<const ChunkOrder>> pieces_ GUARDED_BY(order_mutex_);
  mutable bool is_ordered_ GUARDED_BY(order_mutex_) = false;  // As one piece.
};

}  // namespace varve::engine
