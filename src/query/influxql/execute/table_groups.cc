// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/table_groups.h"

#include <algorithm>
#include <utility>

namespace varve::influxql {
namespace {

TimeRange range_of(const RunOptions& options) {
  return {.begin_ns = options.first_ns,
          .end_ns = options.last_ns == INT64_MAX ? INT64_MAX : options.last_ns + 1};
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
  if (options.series_limit <= 0 && options.series_offset <= 0) return {};
  // The limit counts groups of this measurement, in rising order whatever ORDER BY says.
  const auto offset = static_cast<size_t>(std::max<int64_t>(options.series_offset, 0));
  auto first = groups_.begin();
  std::advance(first, std::min(offset, groups_.size()));
  groups_.erase(groups_.begin(), first);
  if (options.series_limit > 0) {
    auto last = groups_.begin();
    std::advance(last, std::min(static_cast<size_t>(options.series_limit), groups_.size()));
    groups_.erase(last, groups_.end());
  }
  is_complete_ = false;
  return {};
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
                                         uint64_t rows_limit, const VisitBlock& visit) {
  const auto series = series_of_.find(group);
  if (series == series_of_.end()) return true;
  TableScan::Request request{.range = range_,
                             .series = {},
                             .order = ScanOrder::kTime,
                             .descending = !is_ascending_,
                             .rows_limit = rows_limit};
  if (!is_complete_ || series_of_.size() > 1) request.series = series->second;
  TRY_VOID(scan_.open(context, std::move(request)));
  while (true) {
    const TableBatch batch = TRY(scan_.next(context));
    if (batch.row_count() == 0) return true;
    if (!TRY(visit({.times_ns = batch.times_ns, .columns = batch.columns}))) return false;
  }
}

}  // namespace varve::influxql
