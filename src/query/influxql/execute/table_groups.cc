// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/table_groups.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/check.h"
#include "query/influxql/execute/held_rows.h"

namespace varve::influxql {
namespace {

TimeRange range_of(const RunOptions& options) {
  return {.begin_ns = options.first_ns,
          .end_ns = options.last_ns == INT64_MAX ? INT64_MAX : options.last_ns + 1};
}

// The tags by which SLIMIT counts, and sorts before it does: the names of those that the group has,
// then the values. Source: InfluxDB 1.8, tsdb.MakeTagsKey.
std::string limit_order(const RunOptions& options, const GroupKey& key) {
  std::string names;
  std::string values;
  for (size_t i = 0; i < key.tags.size(); ++i) {
    const bool is_final = std::binary_search(options.final_dimensions.begin(),
                                             options.final_dimensions.end(), options.group_by[i]);
    if (key.tags[i].empty() || !is_final) continue;
    names += options.group_by[i] + '|';
    values += key.tags[i] + '|';
  }
  // No mark behind the last value: h1 goes before h10.
  if (!values.empty()) values.pop_back();
  return names + values;
}

// The range in pieces that grow, from the end where the rows begin. The last rows are mostly those
// of now, whatever time the last segment reaches to.
std::vector<TimeRange> time_slices(const Policy& policy, TimeRange range, bool is_ascending,
                                   int64_t now_ns) {
  constexpr int64_t kFirstSlice = int64_t{60} * 1'000'000'000;
  constexpr int64_t kGrowth = 8;
  std::vector<TimeRange> slices;
  int64_t width = kFirstSlice;
  const auto cut = [&](TimeRange rest) {
    while (!rest.empty()) {
      TimeRange slice = rest;
      // Unsigned, since near the ends of time the difference of signed ones overflows.
      const bool is_last = static_cast<uint64_t>(rest.end_ns) -
                               static_cast<uint64_t>(rest.begin_ns) <=
                           static_cast<uint64_t>(width);
      if (!is_last && is_ascending) slice.end_ns = rest.begin_ns = rest.begin_ns + width;
      if (!is_last && !is_ascending) slice.begin_ns = rest.end_ns = rest.end_ns - width;
      slices.push_back(slice);
      if (is_last) return;
      width *= kGrowth;
    }
  };
  if (!is_ascending && range.contains(now_ns)) {
    slices.push_back({.begin_ns = now_ns, .end_ns = range.end_ns});
    range.end_ns = now_ns;
  }
  const auto& segments = policy.segments;
  for (size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[is_ascending ? i : segments.size() - 1 - i];
    cut(segment.range.intersect(range));
  }
  return slices;
}

Result<bool> visit_rows(const Rows& rows, const VisitBlock& visit) {
  if (rows.size() == 0) return true;
  std::vector<ColumnView> columns;
  for (const ColumnVector& column : rows.columns) columns.push_back(column.view());
  return visit({.times_ns = rows.times_ns, .columns = columns});
}

}  // namespace

TableGroups::TableGroups(BoundTableRef table, std::vector<Variable> wanted,
                         const std::optional<Expression>& condition)
    : scan_(std::move(table), std::move(wanted), condition) {}

Result<void> TableGroups::find(const RunOptions& options, StatementContext& context) {
  const BoundTable& table = scan_.table();
  range_ = range_of(options).intersect(table.range);
  is_ascending_ = options.is_ascending;
  if (range_.empty() || !scan_.has_fields()) return {};
  std::vector<std::optional<ColumnId>> columns;
  for (const std::string& tag : options.group_by) {
    const Column* column = table.table->tag(tag);
    columns.push_back(column == nullptr ? std::nullopt : std::optional(column->id));
  }
  std::set<ColumnId> key_tags;
  for (const auto& column : columns) {
    if (column) key_tags.insert(*column);
  }
  MemoryClaim list_memory(context.budget);
  const SeriesList list = TRY(context.store.list_series(
      {.table = table.table->id,
       .range = range_,
       .predicate = scan_.tag_predicate(),
       .key_tags = std::vector<ColumnId>(key_tags.begin(), key_tags.end()),
       .cancel = context.cancel,
       .watch = [&](size_t bytes) -> Result<void> {
         TRY_VOID(context.check());
         return list_memory.set(bytes);
       }}));
  if (context.options.series_max > 0 && list.series.size() > context.options.series_max) {
    return fail(ErrorCode::kTooLarge, "max-select-series limit exceeded: (" +
                                          std::to_string(list.series.size()) + "/" +
                                          std::to_string(context.options.series_max) + ")");
  }
  memory_.emplace(context.budget);
  Interrupt interrupt(context);
  groups_ = TRY(SeriesGroups::make(table.name, list, columns, interrupt, *memory_));
  if (options.series_limit > 0 || options.series_offset > 0) limit_groups(options);
  ahead_.emplace(scan_, groups_, context.budget);
  return {};
}

// The limit counts groups of the outermost SELECT, in this measurement and in rising order whatever
// ORDER BY says. An offset without a limit leaves nothing.
// Source: InfluxDB 1.8, query.LimitTagSets.
void TableGroups::limit_groups(const RunOptions& options) {
  std::map<std::string, std::vector<uint32_t>> sets;
  for (uint32_t group = 0; group < groups_.size(); ++group) {
    sets[limit_order(options, groups_.keys()[group])].push_back(group);
  }
  const auto offset = static_cast<size_t>(std::max<int64_t>(options.series_offset, 0));
  const auto limit = static_cast<size_t>(std::max<int64_t>(options.series_limit, 0));
  std::vector<uint32_t> kept;
  size_t number = 0;
  for (const auto& [order, groups] : sets) {
    const bool is_wanted = number >= offset && number - offset < limit;
    ++number;
    if (is_wanted) kept.insert(kept.end(), groups.begin(), groups.end());
  }
  std::ranges::sort(kept);
  groups_.keep(kept);
  is_complete_ = false;
}

std::optional<size_t> TableGroups::find_group(size_t number) const {
  if (numbers_.empty()) return number < groups_.size() ? std::optional(number) : std::nullopt;
  const auto found = std::ranges::lower_bound(numbers_, number);
  if (found == numbers_.end() || *found != number) return std::nullopt;
  return static_cast<size_t>(found - numbers_.begin());
}

Result<void> TableGroups::for_each_run(StatementContext& context, const VisitRun& visit,
                                       const GroupSummaryRequest* summaries) {
  if (groups_.size() == 0) return {};
  TableScan::Request request{.range = range_, .series = {}};
  size_t summary_hint = 0;
  std::optional<SummaryRequest> wanted;
  if (summaries != nullptr) {
    wanted = {.window = summaries->window, .parts = summaries->parts, .visit = {}};
    wanted->visit = [&](const RunSummary& summary) -> Result<void> {
      const auto place = groups_.find(summary.series, summary_hint);
      if (!place) return {};
      summary_hint = *place;
      return summaries->visit(number_of(groups_.group_of(*place)), summary);
    };
    request.summaries = &*wanted;
  }
  if (!is_complete_) request.series = groups_.series();
  TRY_VOID(scan_.open(context, std::move(request)));
  std::vector<ColumnView> columns;
  size_t place_hint = 0;
  while (true) {
    const TableBatch batch = TRY(scan_.next(context));
    if (batch.row_count() == 0) return {};
    for (const SeriesRun& run : batch.runs) {
      // A series younger than the list belongs to a write after the statement began.
      const auto place = groups_.find(run.series.hash, place_hint);
      if (!place) continue;
      place_hint = *place;
      columns.clear();
      for (const ColumnView& column : batch.columns) {
        columns.push_back(column.slice(run.begin, run.end));
      }
      TRY_VOID(visit({.group = number_of(groups_.group_of(*place)),
                      .times_ns = batch.times_ns.subspan(run.begin, run.end - run.begin),
                      .columns = columns}));
    }
  }
}

RowsAhead::Order TableGroups::order_ahead(const BlockRequest& wanted) const {
  return {.range = range_,
          .is_ascending = is_ascending_,
          .is_complete = is_complete_,
          .rows_limit = wanted.rows_limit};
}

Result<std::optional<RowsAhead::Held>> TableGroups::read_ahead(StatementContext& context,
                                                               size_t group,
                                                               const BlockRequest& wanted) {
  CHECK(numbers_.empty() && group < groups_.size());
  if (!TRY(ahead_->read(context, group, order_ahead(wanted)))) return std::nullopt;
  return ahead_->held();
}

Result<bool> TableGroups::for_each_block(StatementContext& context, size_t number,
                                         const BlockRequest& wanted, const VisitBlock& visit) {
  const auto group = find_group(number);
  if (!group) return true;
  if (TRY(ahead_->read(context, *group, order_ahead(wanted)))) return ahead_->visit(*group, visit);
  const size_t series_count = groups_.places(*group).size();
  // Limits may be as large as can be: more is added to those only that are small.
  if (series_count > 1 && wanted.rows_limit > 0 && wanted.rows_limit < kHeldRowsMax) {
    if (const auto rows = TRY(settled_rows(context, *group, wanted))) {
      return visit_rows(*rows, visit);
    }
    // The order of rows of one time may depend on rows that come after them: some more are read.
    const uint64_t enough = wanted.rows_limit + rows_after(series_count);
    if (!wanted.is_page && enough < kHeldRowsMax) {
      return visit_first_rows(context, *group, enough, wanted, visit);
    }
  }
  return visit_in_order(context, *group, wanted, visit);
}

// Whether all rows can be held decides about the order of those of one time. So that pages fit
// together, that is asked for however few rows are wanted.
Result<bool> TableGroups::visit_in_order(StatementContext& context, size_t group,
                                         const BlockRequest& wanted, const VisitBlock& visit) {
  const size_t series_count = groups_.places(group).size();
  const bool may_have_ties = series_count > 1;
  const bool is_limited = wanted.rows_limit > 0;
  const uint64_t rows_limit = is_limited && may_have_ties
                                  ? std::max<uint64_t>(wanted.rows_limit, kHeldRowsMax + 1)
                                  : wanted.rows_limit;
  TRY_VOID(scan_.open(context, in_order_of_time(group, range_, rows_limit)));
  if (may_have_ties) {
    HeldRows held(scan_.table(), is_ascending_, wanted.first_tie_column);
    bool is_all = false;
    while (!is_all && held.size() <= kHeldRowsMax) {
      const TableBatch batch = TRY(scan_.next(context));
      is_all = batch.row_count() == 0;
      if (!is_all) TRY_VOID(held.add(batch));
    }
    if (is_all && held.size() <= kHeldRowsMax) {
      return visit_rows(TRY(held.take_merged()), visit);
    }
    const bool has_pages = is_limited || wanted.is_page;
    const Rows rows = has_pages ? TRY(held.take_begun(series_count)) : held.take();
    if (!TRY(visit_rows(rows, visit))) return false;
    if (is_all) return true;
  }
  while (true) {
    const TableBatch batch = TRY(scan_.next(context));
    if (batch.row_count() == 0) return true;
    if (!TRY(visit({.times_ns = batch.times_ns, .columns = batch.columns}))) return false;
  }
}

TableScan::Request TableGroups::in_order_of_time(size_t group, TimeRange range,
                                                 uint64_t rows_limit) const {
  TableScan::Request request{.range = range,
                             .series = {},
                             .order = ScanOrder::kTime,
                             .descending = !is_ascending_,
                             .rows_limit = rows_limit};
  if (is_complete_ && groups_.size() == 1) return request;
  auto& series = request.series.emplace();
  for (const uint32_t place : groups_.places(group)) series.push_back(groups_.series()[place]);
  return request;
}

// The first rows, where texts tell in which order those of one time come.
Result<std::optional<Rows>> TableGroups::settled_rows(StatementContext& context, size_t group,
                                                      const BlockRequest& wanted) {
  // A series has one row of a time, so that all rows of the last one's time are among so many.
  const uint64_t enough = wanted.rows_limit - 1 + groups_.places(group).size();
  if (!scan_.store_decides_all() || enough >= kHeldRowsMax) return std::nullopt;
  HeldRows held(scan_.table(), is_ascending_, wanted.first_tie_column);
  TRY_VOID(scan_.open(context, in_order_of_time(group, range_, enough)));
  while (!held.has_all(wanted.rows_limit, groups_.places(group).size())) {
    const TableBatch batch = TRY(scan_.next(context));
    if (batch.row_count() == 0) break;
    TRY_VOID(held.add(batch));
  }
  return held.settled(wanted.rows_limit);
}

// A store that sorts by time sorts what it is asked for, so it is asked for little at first.
Result<bool> TableGroups::visit_first_rows(StatementContext& context, size_t group,
                                           uint64_t enough, const BlockRequest& wanted,
                                           const VisitBlock& visit) {
  HeldRows held(scan_.table(), is_ascending_, wanted.first_tie_column);
  for (const TimeRange& slice :
       time_slices(*scan_.table().policy, range_, is_ascending_, context.now_ns)) {
    TRY_VOID(scan_.open(context, in_order_of_time(group, slice, enough - held.size())));
    while (held.size() < enough) {
      const TableBatch batch = TRY(scan_.next(context));
      if (batch.row_count() == 0) break;
      TRY_VOID(held.add(batch));
    }
    if (held.size() >= enough) break;
  }
  return visit_rows(TRY(held.take_merged()), visit);
}

}  // namespace varve::influxql
