// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/scan_plan.h"

#include <algorithm>

#include "base/check.h"
#include "engine/deletes/delete_set.h"
#include "engine/scan/live_series.h"

namespace varve::engine {
Result<std::unique_ptr<ScanPlan>> ScanPlan::make(const ScanSpec& spec,
                                                 std::shared_ptr<const Table> table,
                                                 size_t pinned_bytes_max, CancelFlag cancel) {
  TRY_VOID(check_field_patterns(spec.predicate));
  // The view before the filter: every series with a row in the view is in the index by then.
  auto view = table->view();
  TagFilter filter = TRY(TagFilter::compile(spec.predicate, table->index(), cancel));
  std::unique_ptr<ScanPlan> plan(new ScanPlan(spec, std::move(table), std::move(filter)));
  plan->view_ = std::move(view);
  plan->cancel_ = std::move(cancel);
  plan->budget_.bytes_max = pinned_bytes_max;
  plan->columns_ = spec.columns;
  collect_scan_columns(spec.predicate, plan->columns_);
  plan->view_->deletes->collect_field_columns(spec.range, plan->columns_);
  plan->summary_rule_ = SummaryRule::make(spec, plan->table_->mode());
  if (spec.range.empty() || spec.predicate.is_always_false()) return plan;
  for (const SegmentView& segment : plan->view_->segments) {
    if (segment.range.overlaps(spec.range)) plan->segments_.push_back(&segment);
  }
  if (spec.descending) std::ranges::reverse(plan->segments_);
  if (!plan->segments_.empty()) plan->choose_series();
  return plan;
}

void ScanPlan::choose_series() {
  const SeriesIndex& index = table_->index();
  if (spec_.series) {
    series_.reserve(spec_.series->size());
    for (const KeyHash& hash : *spec_.series) {
      const auto id = index.find(hash);
      if (id && filter_.may_match(*id)) series_.push_back(*id);
    }
    const bool is_sorted =
        std::ranges::adjacent_find(*spec_.series, std::ranges::greater_equal{}) ==
        spec_.series->end();
    if (!is_sorted) {
      const auto hash_of = [&](SeriesId id) { return index.hash(id); };
      std::ranges::sort(series_, {}, hash_of);
      series_.erase(std::unique(series_.begin(), series_.end()), series_.end());
    }
  } else {
    wanted_ = live_series(filter_, segments_);
    series_ = index.by_hash(wanted_);
    all_series_ = series_.size() == filter_.series_count();
    return;
  }
  for (const SeriesId id : series_) wanted_.add(id);
}

void ScanPlan::share_memory(MemoryGovernor* memory) {
  pinned_memory_ = std::make_unique<ScopedMemory>(memory, MemoryGovernor::Use::kQueries);
  row_memory_ = std::make_unique<ScopedMemory>(memory, MemoryGovernor::Use::kQueries);
  budget_.memory = pinned_memory_.get();
}

Result<void> ScanPlan::hold_rows(size_t row_count) {
  if (!row_memory_) return {};
  constexpr size_t kStepBytes = 1u << 20;
  // The row's place, its time and its cells.
  size_t row_bytes = 32;
  for (const ScanColumn& column : columns_) row_bytes += ColumnVector::cell_size_bytes(column.type);
  // Little is not worth asking for.
  if (row_memory_->set(row_count * row_bytes / kStepBytes * kStepBytes)) return {};
  return fail(ErrorCode::kOverloaded, "the server's memory limit is reached");
}

SegmentScan ScanPlan::open(const SegmentView& segment) {
  SegmentScan scan(segment, table_->mode(), columns_, all_series_ ? nullptr : &wanted_, budget_);
  scan.hide(view_->deletes, spec_.range, table_->index());
  return scan;
}

Result<const RowFilter*> ScanPlan::row_filter(SeriesId series) {
  const Predicate& rest = filter_.rest(series);
  if (rest.is_always_true()) return nullptr;
  const auto known = row_filters_.find(&rest);
  if (known != row_filters_.end()) return &known->second;
  return &row_filters_.emplace(&rest, TRY(RowFilter::compile(rest, columns_))).first->second;
}

Result<std::vector<RowRun>> ScanPlan::rows(SegmentScan& segment, SeriesId series,
                                           const TimeRange& range) {
  const KeyHash hash = table_->index().hash(series);
  const RowFilter* filter = TRY(row_filter(series));
  if (filter == nullptr) return segment.rows(series, hash, range);
  return segment.rows_that_may_match(series, hash, range, *filter);
}

const SummaryRule* ScanPlan::summary_rule(SeriesId series) {
  const bool may = summary_rule_ && filter_.rest(series).is_always_true();
  return may ? &*summary_rule_ : nullptr;
}

// A row in which every wanted column is absent does not exist.
void ScanPlan::drop_missing_rows(const RowRun& run, std::vector<uint8_t>& selected) const {
  if (wanted_count() == 0) return;
  const auto wanted = std::span(run.columns).subspan(0, wanted_count());
  if (std::ranges::any_of(wanted, [](const ColumnView& c) { return c.states == nullptr; })) return;
  if (selected.empty()) selected.assign(run.row_count(), 1);
  for (size_t row = 0; row < run.row_count(); ++row) {
    const auto present = [row](const ColumnView& c) { return c.states[row] != CellState::kAbsent; };
    if (!std::ranges::any_of(wanted, present)) selected[row] = 0;
  }
}

RowRun ScanPlan::select(const RowRun& run, SeriesId series, bool descending) {
  std::vector<uint8_t> selected;
  const auto filter = row_filter(series);
  CHECK(filter);  // The patterns were compiled before.
  if (*filter != nullptr) {
    selected.resize(run.row_count());
    (*filter)->evaluate(run.columns, selected);
  }
  drop_missing_rows(run, selected);
  if (selected.empty() && (!descending || run.row_count() == 1)) return run;
  std::vector<uint32_t> rows;
  rows.reserve(run.row_count());
  for (uint32_t row = 0; row < run.row_count(); ++row) {
    if (selected.empty() || selected[row] != 0) rows.push_back(row);
  }
  if (rows.size() == run.row_count() && !descending) return run;
  if (rows.size() == 1) return run.slice(rows[0], rows[0] + 1);
  if (descending) std::ranges::reverse(rows);
  return pick_rows(run, rows, columns_);
}

// Rows are looked at in growing portions from the end where the answer begins: mostly few are
// enough, and a limit then costs no more than what it leaves.
RowRun ScanPlan::select_first(const RowRun& run, SeriesId series, bool descending,
                              uint64_t rows_max) {
  const size_t row_count = run.row_count();
  if (rows_max >= row_count) return select(run, series, descending);
  for (size_t portion = rows_max;; portion = std::min(row_count, portion * 8)) {
    const RowRun part = descending ? run.slice(row_count - portion, row_count)
                                   : run.slice(0, portion);
    RowRun selected = select(part, series, descending);
    if (selected.row_count() > rows_max) selected = selected.slice(0, rows_max);
    if (selected.row_count() == rows_max || portion == row_count) return selected;
  }
}

Result<void> ScanPlan::check_cancelled() const {
  if (is_cancelled()) return fail(ErrorCode::kCancelled, "the scan was cancelled");
  return {};
}

}  // namespace varve::engine
