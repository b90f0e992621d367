// SPDX-License-Identifier: Apache-2.0
// The rows of a memtable as one moment has them, by series. Threads: one owner.
#pragma once

#include <memory>
#include <vector>

#include "engine/memtable/memtable.h"
#include "engine/scan/row_run.h"
#include "model/time_range.h"

namespace varve::engine {

class MemtableScan {
 public:
  /// `wanted`: the series that may be asked for; null: any.
  MemtableScan(std::shared_ptr<const Memtable> memtable, const std::vector<ScanColumn>& columns,
               const SeriesBits* wanted);

  /// Adds the rows of a series inside the range, if there are any, as one run.
  void collect(SeriesId series, const TimeRange& range, std::vector<RowRun>& runs) const;
  /// Adds every series that has rows.
  void add_series(SeriesBits& series) const;
  uint64_t row_count() const;

 private:
  struct Part {
    ChunkSnapshot chunk;
    const ChunkOrder* order = nullptr;
    std::unique_ptr<ChunkOrder> own_order;  // Of a chunk that still grows.
    std::vector<int> columns;               // By wanted column: its index in the chunk, or -1.
  };
  struct Ref {
    uint32_t part = 0;
    uint32_t row = 0;
  };
  void append_column(size_t column, const std::vector<Ref>& refs, ColumnVector& to) const;

  std::shared_ptr<const Memtable> memtable_;
  const std::vector<ScanColumn>& columns_;  // Outlives the scan.
  std::vector<Part> parts_;
};

}  // namespace varve::engine
