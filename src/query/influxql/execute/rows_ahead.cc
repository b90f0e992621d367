// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/rows_ahead.h"

#include <algorithm>

namespace varve::influxql {

void RowsAhead::forget() {
  spans_.clear();
  places_.clear();
  rows_ = Rows();
  pins_.clear();
  pinned_bytes_ = 0;
  static_cast<void>(memory_.set(0));
}

// The groups from this one on, in the order of the answer, as far as they have one series.
void RowsAhead::choose(size_t group, size_t width) {
  const auto is_simple = [&](size_t other) { return groups_.places(other).size() == 1; };
  size_t begin = group;
  size_t end = group + 1;
  if (order_.is_ascending) {
    while (end < groups_.size() && end - begin < width && is_simple(end)) ++end;
  } else {
    while (begin > 0 && end - begin < width && is_simple(begin - 1)) --begin;
  }
  group_begin_ = begin;
  spans_.assign(end - begin, {});
  places_.clear();
  for (size_t i = begin; i < end; ++i) places_.push_back(groups_.places(i).front());
  std::ranges::sort(places_);
}

// False when the rows are too many to be held.
Result<bool> RowsAhead::fill(StatementContext& context) {
  TableScan::Request request{.range = order_.range,
                             .series = {},
                             .descending = !order_.is_ascending,
                             .series_rows_limit = order_.rows_limit};
  if (!order_.is_complete || spans_.size() < groups_.size()) {
    auto& series = request.series.emplace();
    series.reserve(places_.size());
    for (const uint32_t place : places_) series.push_back(groups_.series()[place]);
  }
  TRY_VOID(scan_.open(context, std::move(request)));
  size_t next = 0;  // Into places_: series come by hash, too.
  while (true) {
    const TableBatch batch = TRY(scan_.next(context));
    if (batch.row_count() == 0) return true;
    const size_t before = rows_.size();
    for (const SeriesRun& run : batch.runs) {
      const auto hash_at = [&](size_t i) { return groups_.series()[places_[i]]; };
      while (next < places_.size() && hash_at(next) < run.series.hash) ++next;
      // A series younger than the list belongs to a write after the statement began.
      if (next == places_.size() || hash_at(next) != run.series.hash) continue;
      Span& span = spans_[groups_.group_of(places_[next]) - group_begin_];
      if (span.begin == span.end) span.begin = before + run.begin;
      span.end = before + run.end;
    }
    add_rows(batch);
    // Where memory is short the rows of each group alone, which are not held, may still do.
    if (size_bytes() > 2 * kBytesWanted || !memory_.set(size_bytes())) return false;
  }
}

// Nothing is known where the groups may have many rows.
size_t RowsAhead::rows_expected() const {
  constexpr uint64_t kFewRows = 4;
  const bool is_few = order_.rows_limit > 0 && order_.rows_limit <= kFewRows;
  return is_few ? std::min(spans_.size() * order_.rows_limit, kRowsWanted) : 0;
}

void RowsAhead::add_rows(const TableBatch& batch) {
  for (size_t i = rows_.columns.size(); i < batch.columns.size(); ++i) {
    rows_.columns.emplace_back(batch.columns[i].type).reserve(rows_expected());
  }
  rows_.times_ns.insert(rows_.times_ns.end(), batch.times_ns.begin(), batch.times_ns.end());
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    if (batch.texts_pin == nullptr) {
      rows_.columns[i].append_view(batch.columns[i]);
    } else {
      append_viewed(rows_.columns[i], batch.columns[i]);
    }
  }
  if (batch.texts_pin == nullptr) return;
  pins_.push_back(batch.texts_pin);
  pinned_bytes_ += batch.texts_pin_bytes;
}

Result<bool> RowsAhead::read(StatementContext& context, size_t group, const Order& order) {
  if (has(group, order)) return true;
  forget();
  if (groups_.places(group).size() != 1) return false;
  order_ = order;
  if (width_ == 0) {
    width_ = order.rows_limit == 0
                 ? kFirstWidth
                 : std::clamp<size_t>(kRowsWanted / order.rows_limit, 1, kWidthMax);
  }
  while (width_ > 1) {
    choose(group, width_);
    if (spans_.size() == 1) break;
    if (TRY(fill(context))) {
      const size_t bytes_each = std::max<size_t>(size_bytes() / spans_.size(), 1);
      width_ = std::clamp<size_t>(kBytesWanted / bytes_each, 1, std::min(width_ * 8, kWidthMax));
      return true;
    }
    forget();
    width_ = std::max<size_t>(spans_.size() / 8, 1);
  }
  forget();
  return false;
}

Result<bool> RowsAhead::visit(size_t group, const VisitBlock& visit) const {
  const Span& span = spans_[group - group_begin_];
  if (span.begin == span.end) return true;
  std::vector<ColumnView> columns;
  columns.reserve(rows_.columns.size());
  for (const ColumnVector& column : rows_.columns) {
    columns.push_back(column.view().slice(span.begin, span.end));
  }
  return visit({.times_ns = std::span(rows_.times_ns).subspan(span.begin, span.end - span.begin),
                .columns = columns});
}

RowsAhead::Held RowsAhead::held() const {
  Held held{.group_begin = group_begin_,
            .spans = spans_,
            .times_ns = rows_.times_ns,
            .columns = {}};
  for (const ColumnVector& column : rows_.columns) held.columns.push_back(column.view());
  return held;
}

}  // namespace varve::influxql
