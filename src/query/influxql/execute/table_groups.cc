// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/table_groups.h"

#include <algorithm>
#include <utility>

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
  const SeriesList list = TRY(context.store.list_series(
      {.table = table.table->id, .range = range_, .predicate = scan_.tag_predicate()}));
  if (context.options.series_max > 0 && list.series.size() > context.options.series_max) {
    return fail(ErrorCode::kTooLarge, "max-select-series limit exceeded: (" +
                                          std::to_string(list.series.size()) + "/" +
                                          std::to_string(context.options.series_max) + ")");
  }
  GroupKey key{.name = table.name, .tags = std::vector<std::string>(columns.size())};
  for (const SeriesRef& series : list.series) {
    for (size_t i = 0; i < columns.size(); ++i) {
      key.tags[i] = columns[i] ? std::string(key_cell(series.key, *columns[i])) : std::string();
    }
    groups_[key].push_back(series.hash);
  }
  if (options.series_limit > 0 || options.series_offset > 0) limit_groups(options);
  return {};
}

// The limit counts groups of the outermost SELECT, in this measurement and in rising order whatever
// ORDER BY says. An offset without a limit leaves nothing.
// Source: InfluxDB 1.8, query.LimitTagSets.
void TableGroups::limit_groups(const RunOptions& options) {
  std::map<std::string, std::vector<GroupKey>> sets;
  for (const auto& [key, series] : groups_) sets[limit_order(options, key)].push_back(key);
  const auto offset = static_cast<size_t>(std::max<int64_t>(options.series_offset, 0));
  const auto limit = static_cast<size_t>(std::max<int64_t>(options.series_limit, 0));
  std::map<GroupKey, std::vector<KeyHash>> kept;
  size_t number = 0;
  for (const auto& [order, keys] : sets) {
    const bool is_wanted = number >= offset && number - offset < limit;
    ++number;
    if (!is_wanted) continue;
    for (const GroupKey& key : keys) kept.insert(groups_.extract(key));
  }
  groups_ = std::move(kept);
  is_complete_ = false;
}

std::vector<GroupKey> TableGroups::keys() const {
  std::vector<GroupKey> keys;
  for (const auto& [key, series] : groups_) keys.push_back(key);
  return keys;
}

void TableGroups::number(const std::function<size_t(const GroupKey&)>& number_of) {
  for (auto& [key, series] : groups_) {
    const size_t group = number_of(key);
    for (const KeyHash& hash : series) group_of_.emplace(hash, group);
    series_of_.emplace(group, std::move(series));
  }
  groups_.clear();
}

Result<void> TableGroups::for_each_run(StatementContext& context, const VisitRun& visit) {
  if (series_of_.empty()) return {};
  TableScan::Request request{.range = range_, .series = {}};
  if (!is_complete_) {
    request.series.emplace();
    for (const auto& [group, series] : series_of_) {
      request.series->insert(request.series->end(), series.begin(), series.end());
    }
    std::sort(request.series->begin(), request.series->end());
  }
  TRY_VOID(scan_.open(context, std::move(request)));
  std::vector<ColumnView> columns;
  while (true) {
    const TableBatch batch = TRY(scan_.next(context));
    if (batch.row_count() == 0) return {};
    for (const SeriesRun& run : batch.runs) {
      // A series younger than the list belongs to a write after the statement began.
      const auto group = group_of_.find(run.series.hash);
      if (group == group_of_.end()) continue;
      columns.clear();
      for (const ColumnView& column : batch.columns) {
        columns.push_back(column.slice(run.begin, run.end));
      }
      TRY_VOID(visit({.group = group->second,
                      .times_ns = batch.times_ns.subspan(run.begin, run.end - run.begin),
                      .columns = columns}));
    }
  }
}

Result<bool> TableGroups::for_each_block(StatementContext& context, size_t group,
                                         const BlockRequest& wanted, const VisitBlock& visit) {
  const auto series = series_of_.find(group);
  if (series == series_of_.end()) return true;
  const bool may_have_ties = series->second.size() > 1;
  // The order of rows of one time depends on rows that come after them: some more are read.
  const uint64_t enough = wanted.rows_limit + 4 * series->second.size() + 1000;
  if (may_have_ties && wanted.rows_limit > 0 && enough < kHeldRowsMax) {
    return visit_first_rows(context, series->second, enough, wanted, visit);
  }
  TRY_VOID(scan_.open(context, in_order_of_time(series->second, range_, wanted.rows_limit)));
  if (may_have_ties) {
    HeldRows held(scan_.table(), is_ascending_, wanted.first_tie_column);
    bool is_all = false;
    while (!is_all && held.size() <= kHeldRowsMax) {
      const TableBatch batch = TRY(scan_.next(context));
      is_all = batch.row_count() == 0;
      if (!is_all) TRY_VOID(held.add(batch));
    }
    if (!TRY(visit_rows(is_all ? held.take_merged() : held.take(), visit))) return false;
    if (is_all) return true;
  }
  while (true) {
    const TableBatch batch = TRY(scan_.next(context));
    if (batch.row_count() == 0) return true;
    if (!TRY(visit({.times_ns = batch.times_ns, .columns = batch.columns}))) return false;
  }
}

TableScan::Request TableGroups::in_order_of_time(const std::vector<KeyHash>& series,
                                                 TimeRange range, uint64_t rows_limit) const {
  TableScan::Request request{.range = range,
                             .series = {},
                             .order = ScanOrder::kTime,
                             .descending = !is_ascending_,
                             .rows_limit = rows_limit};
  if (!is_complete_ || series_of_.size() > 1) request.series = series;
  return request;
}

// A store that sorts by time sorts what it is asked for, so it is asked for little at first.
Result<bool> TableGroups::visit_first_rows(StatementContext& context,
                                           const std::vector<KeyHash>& series, uint64_t enough,
                                           const BlockRequest& wanted, const VisitBlock& visit) {
  HeldRows held(scan_.table(), is_ascending_, wanted.first_tie_column);
  for (const TimeRange& slice :
       time_slices(*scan_.table().policy, range_, is_ascending_, context.now_ns)) {
    TRY_VOID(scan_.open(context, in_order_of_time(series, slice, enough - held.size())));
    while (held.size() < enough) {
      const TableBatch batch = TRY(scan_.next(context));
      if (batch.row_count() == 0) break;
      TRY_VOID(held.add(batch));
    }
    if (held.size() >= enough) break;
  }
  return visit_rows(held.take_merged(), visit);
}

}  // namespace varve::influxql
