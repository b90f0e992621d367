// SPDX-License-Identifier: Apache-2.0
// All sources of one segment, merged by series. Threads: one owner.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "engine/scan/memtable_scan.h"
#include "engine/scan/sst_scan.h"
#include "engine/shard/table.h"

namespace varve::engine {

class SegmentScan {
 public:
  /// `columns`, `wanted` (see MemtableScan) and `budget` outlive the scan.
  SegmentScan(const SegmentView& segment, MergeMode mode, const std::vector<ScanColumn>& columns,
              const SeriesBits* wanted, PinBudget& budget);

  /// The merged rows of one series inside the range, rising in time. A damaged file is left out.
  Result<std::vector<RowRun>> rows(SeriesId id, const KeyHash& hash, const TimeRange& range);
  /// The same, but a damaged file is an error: for those who replace files.
  Result<std::vector<RowRun>> rows_strict(SeriesId id, const KeyHash& hash,
                                          const TimeRange& range);
  /// Rows before merging.
  uint64_t row_count() const;
  /// Adds every series with rows in the memtables.
  void add_memtable_series(SeriesBits& series) const;

 private:
  Result<std::vector<RowRun>> merged(SeriesId id, const KeyHash& hash, const TimeRange& range,
                                     bool strict);

  const MergeMode mode_;
  const std::vector<ScanColumn>& columns_;
  std::deque<SstScan> files_;
  std::vector<MemtableScan> memtables_;
};

}  // namespace varve::engine
