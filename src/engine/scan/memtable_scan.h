// SPDX-License-Identifier: Apache-2.0
// The rows of a memtable as one moment has them, by series. Threads: one owner.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/memtable/memtable.h"
#include "engine/scan/row_run.h"
#include "model/time_range.h"

namespace varve::engine {

class MemtableScan {
 public:
  /// `wanted`: the series that may be asked for; null: any. It outlives the scan.
  MemtableScan(std::shared_ptr<const Memtable> memtable, const std::vector<ScanColumn>& columns,
               const SeriesBits* wanted);

  /// Adds the rows of a series inside the range, if there are any, as one run. Chunks are put in
  /// order when they are first needed.
  void collect(SeriesId series, const TimeRange& range, std::vector<RowRun>& runs);
  /// False when the series has no rows inside the range; cheap.
  bool may_have(SeriesId series, const TimeRange& range) const;
  /// Adds ranges that hold the times of the rows of a series inside the range.
  void collect_times(SeriesId series, const TimeRange& range, std::vector<TimeRange>& times);
  /// Adds every series that has rows.
  void add_series(SeriesBits& series) const;
  uint64_t row_count() const;

 private:
  struct Part {
    ChunkSnapshot chunk;
    std::vector<std::shared_ptr<const ChunkOrder>> pieces;  // Empty: not needed yet.
    std::vector<int> columns;  // By wanted column: its index in the chunk, or -1.
  };
  // Rows of one series in one part, by time.
  struct Slice {
    const Part* part = nullptr;
    std::span<const uint32_t> rows;
    int64_t time_first_ns = 0;
    int64_t time_last_ns = 0;
  };
  void find(SeriesId series, const TimeRange& range);
  void merge_slices();
  void append_column(size_t column, ColumnVector& to) const;

  std::shared_ptr<const Memtable> memtable_;
  const std::vector<ScanColumn>& columns_;  // Outlives the scan.
  const SeriesBits* wanted_;
  std::vector<Part> parts_;
  std::vector<Slice> slices_;          // Of the series being collected.
  std::vector<uint32_t> merged_rows_;  // Of slices whose times overlap.
};

}  // namespace varve::engine
