// SPDX-License-Identifier: Apache-2.0
// Rows of many series, a few of each, gathered column by column out of decoded row groups. Series
// whose rows have to be merged, filtered or looked for in memory are left to others.
//
//   series ──find──▶ [page, begin, end) ┐
//   series ──find──▶ [page, begin, end) ├──take()──▶ one batch
//   series ──find──▶ [page, begin, end) ┘
//
// Threads: one owner.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "engine/scan/scan_plan.h"
#include "engine/series_index/series_keys.h"
#include "store/store.h"

namespace varve::engine {

class ShortRuns {
 public:
  /// What is given outlives the object.
  ShortRuns(ScanPlan& plan, std::deque<SegmentScan>& segments) : plan_(plan), segments_(segments) {}

  /// Adds the rows of a series. False when they are left to others; then nothing is added. With
  /// `leave_summarized` that includes runs of which the file keeps summaries.
  Result<bool> add(SeriesId series, bool leave_summarized);
  size_t row_count() const { return row_count_; }
  /// All rows added since the last call.
  ScanBatch take();

 private:
  // Rows of one series in one of the pages.
  struct Piece {
    SeriesId series{};
    uint32_t page = 0;
    uint32_t begin = 0;
    uint32_t end = 0;
    uint32_t row_count() const { return end - begin; }
  };
  // What a batch views.
  struct Copied {
    explicit Copied(const ScanPlan& plan)
        : rows(plan.spec().columns), keys(plan.table().index(), plan.spec().key_tags) {}
    OwnedRows rows;
    SeriesKeys keys;
  };
  Result<bool> add_edge(SeriesId series, const SegmentScan::OnlyRun& run);
  void add_run(SeriesId series, uint32_t begin, uint32_t end);
  bool add_part(SeriesId series, const SstScan::Part& part, uint64_t rows_max);
  void gather();
  void gather_times(std::vector<int64_t>& to) const;
  void gather_cells(size_t column, ColumnVector& to) const;

  // Longer runs are handed out as they lie in memory.
  static constexpr size_t kRunRowsMax = 1'023;
  // Of decoded pages that wait for their rows to be copied.
  static constexpr size_t kPageBytesMax = size_t{4} << 20;

  ScanPlan& plan_;
  std::deque<SegmentScan>& segments_;
  std::vector<std::shared_ptr<const SstScan::Decoded>> pages_;
  size_t page_bytes_ = 0;
  std::vector<Piece> pieces_;
  size_t row_count_ = 0;  // Gathered ones and those of pieces.
  std::shared_ptr<Copied> copied_;
  std::vector<SeriesRun> runs_;  // Of what was gathered.
  SeriesId series_last_{};       // Of the last run.
};

}  // namespace varve::engine
