// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/rows_ahead.h"

#include <algorithm>

namespace varve::influxql {

void RowsAhead::forget() {
  spans_.clear();
  rows_ = Rows();
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
}

// False when the rows are too many to be held.
Result<bool> RowsAhead::fill(StatementContext& context) {
  TableScan::Request request{.range = order_.range,
                             .series = {},
                             .descending = !order_.is_ascending,
                             .series_rows_limit = order_.rows_limit};
  if (!order_.is_complete || spans_.size() < groups_.size()) {
    auto& series = request.series.emplace();
    for (size_t i = 0; i < spans_.size(); ++i) {
      series.push_back(groups_.series()[groups_.places(group_begin_ + i).front()]);
    }
    std::ranges::sort(series);
  }
  TRY_VOID(scan_.open(context, std::move(request)));
  size_t place_hint = 0;
  while (true) {
    const TableBatch batch = TRY(scan_.next(context));
    if (batch.row_count() == 0) return true;
    const size_t before = rows_.size();
    for (const SeriesRun& run : batch.runs) {
      const auto place = groups_.find(run.series.hash, place_hint);
      // A series younger than the list belongs to a write after the statement began.
      if (!place) continue;
      place_hint = *place;
      Span& span = spans_[groups_.group_of(*place) - group_begin_];
      if (span.begin == span.end) span.begin = before + run.begin;
      span.end = before + run.end;
    }
    for (size_t i = rows_.columns.size(); i < batch.columns.size(); ++i) {
      rows_.columns.emplace_back(batch.columns[i].type);
    }
    rows_.times_ns.insert(rows_.times_ns.end(), batch.times_ns.begin(), batch.times_ns.end());
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      rows_.columns[i].append_view(batch.columns[i]);
    }
    // Where memory is short the rows of each group alone, which are not held, may still do.
    if (size_bytes() > 2 * kBytesWanted || !memory_.set(size_bytes())) return false;
  }
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

}  // namespace varve::influxql
