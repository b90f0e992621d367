// SPDX-License-Identifier: Apache-2.0
// An answer by time; rows of one time by the bytes of their series key. Gathers and sorts one slice
// of time after the other, so that memory is bounded and a limit stops early.
// Threads: one owner.
#pragma once

#include <memory>
#include <vector>

#include "engine/scan/scan_plan.h"
#include "store/store.h"

namespace varve::engine {

class TimeStream final : public BatchStream {
 public:
  explicit TimeStream(std::unique_ptr<ScanPlan> plan);
  Result<ScanBatch> next() override;

 private:
  // A part of a segment's time.
  struct Slice {
    const SegmentView* segment = nullptr;
    TimeRange range;
  };
  struct Row {
    int64_t time_ns = 0;
    uint32_t rank = 0;  // Of the series among those of the slice, by key bytes.
    uint32_t run = 0;
    uint32_t row = 0;
  };
  uint64_t slice_rows() const;
  void cut_slices();
  std::vector<RowRun> select_first(std::vector<RowRun> runs, SeriesId id);
  void rank_series(std::vector<uint32_t> places);
  Slice next_slice();
  Result<void> find_bounds(const SegmentView& segment);
  bool is_bounded() const;
  void shorten(Slice& slice);
  std::vector<uint32_t> places_within(const Slice& slice) const;
  Result<void> load_slice(Slice slice);
  ScanBatch take();

  // A slice has fewer rows when they need more memory than the scan may keep.
  // Before it a series has no rows in the segment, or after it when descending.
  struct Bound {
    int64_t time_ns = 0;
    uint32_t place = 0;  // In plan_->series().
  };
  // More series are asked for in every slice: they mostly have few rows each, which files keep no
  // summaries of, and then to look for where each begins costs more than it saves.
  static constexpr size_t kBoundedSeriesMax = 20'000;
  // The first slices end where so many series begin, then four times as many, up to that.
  static constexpr size_t kBoundsAtOnceMax = 64;
  static constexpr size_t kSliceRowsMax = 500'000;
  static constexpr uint64_t kLimitedSliceRows = 4'096;
  static constexpr size_t kSlicesMax = 4'096;
  static constexpr size_t kFewRows = 8'192;
  static constexpr size_t kBatchRows = 8'192;

  std::unique_ptr<ScanPlan> plan_;
  // Of the series with rows in the slice.
  std::vector<uint32_t> ranked_;       // Their places in plan_->series(), rising.
  std::vector<uint32_t> ranks_;        // By place in plan_->series().
  std::vector<SeriesId> series_by_rank_;
  std::vector<Slice> slices_;          // In the order of the answer.
  size_t slice_next_ = 0;
  uint64_t slice_rows_ = 0;  // About how many rows a slice has.
  size_t slices_at_once_ = 1;
  std::vector<Bound> bounds_;    // Of scan_segment_, as its rows are answered.
  size_t bounds_passed_ = 0;     // Those in slices before.
  size_t bounds_at_once_ = 1;
  std::unique_ptr<SegmentScan> scan_;  // Of scan_segment_.
  const SegmentView* scan_segment_ = nullptr;
  std::vector<RowRun> runs_;
  std::vector<Row> rows_;
  size_t row_next_ = 0;
  uint64_t rows_left_;
};

}  // namespace varve::engine
