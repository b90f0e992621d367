// SPDX-License-Identifier: Apache-2.0
// An answer by series, then time. Long runs of one series are handed out as they lie in memory;
// short ones are copied together. Threads: one owner.
#pragma once

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "engine/scan/scan_plan.h"
#include "engine/scan/short_runs.h"
#include "store/summary_stream.h"

namespace varve::engine {

class SeriesStream final : public SummaryStream {
 public:
  explicit SeriesStream(std::unique_ptr<ScanPlan> plan);
  Result<ScanBatch> next() override;
  void take_summaries(VisitSummary visit) override { visit_summary_ = std::move(visit); }

 private:
  struct Ready {
    SeriesId series{};
    RowRun run;
  };
  Result<bool> load_rows();
  Result<bool> load_first_row(SegmentScan& segment, SeriesId id);
  Result<void> load_short_runs();
  ScanBatch take_long(Ready& ready);
  ScanBatch take_short();

  // Shorter runs are copied; batches of copies and slices of long runs have about this many rows.
  static constexpr size_t kLongRunRows = 1'024;
  static constexpr size_t kBatchRows = 8'192;
  // Columns of so many rows are memory that the allocator has at hand.
  static constexpr size_t kShortBatchRows = 2'048;

  std::unique_ptr<ScanPlan> plan_;
  std::deque<SegmentScan> segments_;
  ShortRuns short_runs_;
  size_t series_next_ = 0;
  size_t segment_next_ = 0;
  uint64_t series_rows_left_ = 0;  // Of that series.
  std::deque<Ready> ready_;
  VisitSummary visit_summary_;           // Empty: only rows are wanted.
  std::vector<RunSummary> summaries_;  // Of the series that is being loaded.
  uint64_t rows_left_;
};

}  // namespace varve::engine
