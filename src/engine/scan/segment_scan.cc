// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/segment_scan.h"

namespace varve::engine {

SegmentScan::SegmentScan(const SegmentView& segment, MergeMode mode,
                         const std::vector<ScanColumn>& columns,
                         const SeriesBits* wanted, PinBudget& budget)
    : mode_(mode), columns_(columns) {
  for (const auto& file : segment.files) files_.emplace_back(file, columns, budget);
  for (const auto& memtable : segment.memtables) {
    memtables_.emplace_back(memtable, columns, wanted);
  }
}

Result<std::vector<RowRun>> SegmentScan::rows(SeriesId id, const KeyHash& hash,
                                              const TimeRange& range) {
  return merged(id, hash, range, false);
}

Result<std::vector<RowRun>> SegmentScan::rows_strict(SeriesId id, const KeyHash& hash,
                                                     const TimeRange& range) {
  return merged(id, hash, range, true);
}

Result<std::vector<RowRun>> SegmentScan::merged(SeriesId id, const KeyHash& hash,
                                                const TimeRange& range, bool strict) {
  std::vector<RowRun> runs;
  for (SstScan& file : files_) {
    // A query may have found the damage since the files were chosen.
    if (strict && file.file().quarantined()) {
      return fail(ErrorCode::kCorrupt, file.file().path() + " is damaged");
    }
    const auto collected = file.collect(hash, range, runs);
    if (!collected && (strict || collected.error().code != ErrorCode::kCorrupt)) {
      return fail(collected.error());
    }
  }
  for (MemtableScan& memtable : memtables_) memtable.collect(id, range, runs);
  return merge_runs(std::move(runs), mode_, columns_);
}

uint64_t SegmentScan::row_count() const {
  uint64_t rows = 0;
  for (const SstScan& file : files_) rows += file.file().meta().row_count;
  for (const MemtableScan& memtable : memtables_) rows += memtable.row_count();
  return rows;
}

void SegmentScan::add_memtable_series(SeriesBits& series) const {
  for (const MemtableScan& memtable : memtables_) memtable.add_series(series);
}

}  // namespace varve::engine
