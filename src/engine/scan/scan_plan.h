// SPDX-License-Identifier: Apache-2.0
// A ScanSpec against one table as it is now: which series, which columns, which rows of them.
// Threads: one owner.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/memory_governor.h"
#include "engine/predicate/row_filter.h"
#include "engine/predicate/tag_filter.h"
#include "engine/scan/row_run.h"
#include "engine/scan/segment_scan.h"
#include "engine/shard/table.h"
#include "store/store.h"

namespace varve::engine {

class ScanPlan {
 public:
  /// kInvalidInput when the predicate has a regular expression that does not compile.
  static Result<std::unique_ptr<ScanPlan>> make(const ScanSpec& spec,
                                                std::shared_ptr<const Table> table,
                                                size_t pinned_bytes_max, CancelFlag cancel);

  const ScanSpec& spec() const { return spec_; }
  const Table& table() const { return *table_; }
  /// Wanted columns first, then those that only the predicate and deletes read.
  const std::vector<ScanColumn>& columns() const { return columns_; }
  size_t wanted_count() const { return spec_.columns.size(); }
  /// Series that may have matching rows, by hash.
  const std::vector<SeriesId>& series() const { return series_; }
  /// Decoded bytes that the scan may keep to itself.
  size_t bytes_max() const { return budget_.bytes_max; }
  /// Segments that overlap the range, in the order in which their rows are answered.
  const std::vector<const SegmentView*>& segments() const { return segments_; }
  SegmentScan open(const SegmentView& segment);
  /// What the scan keeps is claimed there from now on; null: nowhere. It outlives the plan.
  void share_memory(MemoryGovernor* memory);
  /// Says how many rows wait to be handed out; kOverloaded when that is too much memory.
  Result<void> hold_rows(size_t row_count);

  /// The rows of a series in a segment of those opened: all that can match, and others.
  Result<std::vector<RowRun>> rows(SegmentScan& segment, SeriesId series, const TimeRange& range);
  /// Whether every row of the series is wanted as it is, but for the range, limits and rows whose
  /// cells are all absent.
  bool wants_all(SeriesId series) {
    return columns_.size() == wanted_count() && filter_.rest(series).is_always_true();
  }
  /// Null when rows of the series may only be answered as such.
  const SummaryRule* summary_rule(SeriesId series);

  /// The rows of a run that match and exist, in rising order of time; falling when `descending`.
  RowRun select(const RowRun& run, SeriesId series, bool descending);
  /// No more than `rows_max` of them, the first ones of that order.
  RowRun select_first(const RowRun& run, SeriesId series, bool descending, uint64_t rows_max);
  /// kCancelled once the caller's flag is set.
  Result<void> check_cancelled() const;
  /// For comparisons: one that is false from then on ends a sort soon.
  bool is_cancelled() const { return cancel_ && cancel_->load(std::memory_order_relaxed); }

 private:
  ScanPlan(const ScanSpec& spec, std::shared_ptr<const Table> table, TagFilter filter)
      : spec_(spec), table_(std::move(table)), filter_(std::move(filter)) {}
  void choose_series();
  Result<const RowFilter*> row_filter(SeriesId series);
  void drop_missing_rows(const RowRun& run, std::vector<uint8_t>& selected) const;

  const ScanSpec spec_;
  std::shared_ptr<const Table> table_;
  std::shared_ptr<const TableView> view_;
  TagFilter filter_;
  CancelFlag cancel_;
  // Of pinned columns, and of rows made of them. Null: not counted.
  std::unique_ptr<ScopedMemory> pinned_memory_;
  std::unique_ptr<ScopedMemory> row_memory_;
  PinBudget budget_;
  std::vector<ScanColumn> columns_;
  std::vector<SeriesId> series_;
  SeriesBits wanted_;  // Those of series_.
  bool all_series_ = false;
  std::vector<const SegmentView*> segments_;
  std::map<const Predicate*, RowFilter> row_filters_;
  std::optional<SummaryRule> summary_rule_;
};

}  // namespace varve::engine
