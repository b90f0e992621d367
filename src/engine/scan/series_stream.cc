// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/series_stream.h"

#include <algorithm>
#include <string>

#include "engine/series_index/series_keys.h"

namespace varve::engine {

SeriesStream::SeriesStream(std::unique_ptr<ScanPlan> plan)
    : plan_(std::move(plan)),
      short_runs_(*plan_, segments_),
      rows_left_(plan_->spec().rows_limit == 0 ? UINT64_MAX : plan_->spec().rows_limit) {
  for (const SegmentView* segment : plan_->segments()) segments_.push_back(plan_->open(*segment));
}

// Adds the rows of the series in the next segment, or those of the next series in the first one;
// false when there is none. A series of all segments may be more than memory holds.
Result<bool> SeriesStream::load_rows() {
  if (series_next_ == plan_->series().size() || segments_.empty()) return false;
  TRY_VOID(plan_->check_cancelled());
  const SeriesId id = plan_->series()[series_next_];
  const KeyHash hash = plan_->table().index().hash(id);
  const bool descending = plan_->spec().descending;
  const uint64_t limit = plan_->spec().series_rows_limit;
  if (segment_next_ == 0) series_rows_left_ = limit == 0 ? UINT64_MAX : limit;
  const TimeRange& range = plan_->spec().range;
  SegmentScan& segment = segments_[segment_next_];
  if (limit == 1 && TRY(load_first_row(segment, id))) {
    segment_next_ = 0;
    ++series_next_;
    return true;
  }
  const SummaryRule* rule = visit_summary_ ? plan_->summary_rule(id) : nullptr;
  auto runs = TRY(rule == nullptr
                      ? plan_->rows(segment, id, range)
                      : segment.rows_or_summaries(id, hash, range, *rule, summaries_));
  for (const RunSummary& summary : summaries_) TRY_VOID(visit_summary_(summary));
  summaries_.clear();
  if (descending) std::ranges::reverse(runs);
  for (const RowRun& run : runs) {
    RowRun selected = plan_->select_first(run, id, descending, series_rows_left_);
    if (selected.row_count() == 0) continue;
    series_rows_left_ -= selected.row_count();
    ready_.push_back({.series = id, .run = std::move(selected)});
    if (series_rows_left_ == 0) break;
  }
  if (++segment_next_ == segments_.size() || series_rows_left_ == 0) {
    segment_next_ = 0;
    ++series_next_;
  }
  return true;
}

// Of a single row that is wanted, mostly its time is known before anything is decoded. False, and
// nothing, when there may be others.
Result<bool> SeriesStream::load_first_row(SegmentScan& segment, SeriesId id) {
  if (!plan_->wants_all(id)) return false;
  const KeyHash hash = plan_->table().index().hash(id);
  const ScanSpec& spec = plan_->spec();
  const auto time_ns = TRY(segment.find_bound(id, hash, spec.range, spec.descending));
  if (!time_ns) return false;
  auto runs = TRY(segment.rows(id, hash, {.begin_ns = *time_ns, .end_ns = *time_ns + 1}));
  if (runs.empty()) return false;
  const RowRun& run = spec.descending ? runs.back() : runs.front();
  RowRun row = plan_->select_first(run, id, spec.descending, 1);
  if (row.row_count() == 0) return false;
  ready_.push_back({.series = id, .run = std::move(row)});
  return true;
}

ScanBatch SeriesStream::take_long(Ready& ready) {
  const size_t rows = std::min({ready.run.row_count(), kBatchRows, size_t{rows_left_}});
  ScanBatch batch;
  struct Held {
    explicit Held(const ScanPlan& plan) : keys(plan.table().index(), plan.spec().key_tags) {}
    SeriesKeys keys;
    std::shared_ptr<const void> run;
  };
  auto held = std::make_shared<Held>(*plan_);
  held->run = ready.run.pin;
  batch.runs.push_back({.series = held->keys.add(ready.series),
                        .begin = 0,
                        .end = static_cast<uint32_t>(rows)});
  batch.times_ns = ready.run.times_ns.subspan(0, rows);
  for (size_t c = 0; c < plan_->wanted_count(); ++c) {
    batch.columns.push_back(ready.run.columns[c].slice(0, rows));
  }
  batch.pin = std::move(held);
  if (rows < ready.run.row_count()) {
    ready.run = ready.run.slice(rows, ready.run.row_count());
  } else {
    ready_.pop_front();
  }
  return batch;
}

ScanBatch SeriesStream::take_short() {
  struct Copied {
    explicit Copied(const ScanPlan& plan)
        : rows(plan.spec().columns), keys(plan.table().index(), plan.spec().key_tags) {}
    OwnedRows rows;
    SeriesKeys keys;
    std::vector<std::shared_ptr<const void>> pins;
  };
  auto copied = std::make_shared<Copied>(*plan_);
  OwnedRows& rows = copied->rows;
  ScanBatch batch;
  SeriesId series_last{};
  while (!ready_.empty() && rows.times_ns.size() < kBatchRows) {
    Ready& ready = ready_.front();
    if (ready.run.row_count() >= kLongRunRows) break;
    const size_t room = size_t{rows_left_} - rows.times_ns.size();
    const size_t count = std::min(ready.run.row_count(), room);
    if (count == 0) break;
    const auto begin = static_cast<uint32_t>(rows.times_ns.size());
    rows.times_ns.insert(rows.times_ns.end(), ready.run.times_ns.begin(),
                         ready.run.times_ns.begin() + static_cast<ptrdiff_t>(count));
    for (size_t c = 0; c < rows.columns.size(); ++c) {
      append_range(ready.run.columns[c], 0, count, rows.columns[c]);
    }
    const auto end = static_cast<uint32_t>(rows.times_ns.size());
    if (!batch.runs.empty() && series_last == ready.series) {
      batch.runs.back().end = end;
    } else {
      batch.runs.push_back({.series = copied->keys.add(ready.series),
                            .begin = begin,
                            .end = end});
    }
    series_last = ready.series;
    // Text cells view the run; numbers were copied, so that its memory can go.
    const auto is_text = [](const ScanColumn& c) { return is_variable_size(c.type); };
    if (std::ranges::any_of(plan_->spec().columns, is_text)) copied->pins.push_back(ready.run.pin);
    ready_.pop_front();
  }
  batch.times_ns = rows.times_ns;
  for (const ColumnVector& column : rows.columns) batch.columns.push_back(column.view());
  batch.pin = std::move(copied);
  return batch;
}

// As many of the next series as need no more than that.
Result<void> SeriesStream::load_short_runs() {
  if (segment_next_ != 0 || segments_.empty() || plan_->spec().rows_limit != 0) return {};
  const auto& series = plan_->series();
  while (series_next_ < series.size() && short_runs_.row_count() < kShortBatchRows) {
    // Each looks into every segment, and may open a file in each.
    TRY_VOID(plan_->check_cancelled());
    if (!TRY(short_runs_.add(series[series_next_], visit_summary_ != nullptr))) return {};
    ++series_next_;
  }
  return plan_->hold_rows(short_runs_.row_count());
}

Result<ScanBatch> SeriesStream::next() {
  TRY_VOID(plan_->check_cancelled());
  if (rows_left_ == 0) return ScanBatch{};
  if (ready_.empty()) {
    TRY_VOID(load_short_runs());
    if (short_runs_.row_count() > 0) return short_runs_.take();
    // Enough for a batch of short runs, unless a long one comes first.
    for (size_t rows = 0; rows < kBatchRows;) {
      const size_t known = ready_.size();
      if (!TRY(load_rows())) break;
      for (size_t i = known; i < ready_.size(); ++i) rows += ready_[i].run.row_count();
      TRY_VOID(plan_->hold_rows(rows));
    }
  }
  if (ready_.empty()) return ScanBatch{};
  ScanBatch batch =
      ready_.front().run.row_count() >= kLongRunRows ? take_long(ready_.front()) : take_short();
  rows_left_ -= batch.row_count();
  return batch;
}

}  // namespace varve::engine
