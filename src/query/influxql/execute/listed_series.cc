// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/listed_series.h"

#include <re2/re2.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "query/influxql/ast_text.h"
#include "query/influxql/execute/series_groups.h"
#include "query/influxql/plan/series_condition.h"

namespace varve::influxql {
namespace {

TimeRange range_of(const TimeBounds& bounds) {
  const int64_t last_ns = bounds.last_ns.value_or(kInfluxTimeMax);
  return {.begin_ns = bounds.first_ns.value_or(kInfluxTimeMin),
          .end_ns = last_ns == INT64_MAX ? last_ns : last_ns + 1};
}

Result<void> add_tables(const Measurement& measurement, const ListScope& scope,
                        StatementContext& context,
                        std::map<std::string, ListedMeasurement>& found) {
  for (BoundTableRef& table :
       TRY(bind_tables(measurement, context.names, range_of(scope.time), context.store))) {
    // Whoever has no cell has no series either, whatever it once had.
    if (table->fields.empty()) continue;
    ListedMeasurement& listed = found[table->name];
    listed.name = table->name;
    const bool is_known = std::any_of(
        listed.tables.begin(), listed.tables.end(),
        [&](const BoundTableRef& other) { return other->table->id == table->table->id; });
    if (!is_known) listed.tables.push_back(std::move(table));
  }
  return {};
}

// The series of one table for which the condition holds.
Result<SeriesList> series_of(const BoundTable& table, const std::optional<Expression>& condition,
                             Undecided undecided,
                             const std::optional<std::vector<ColumnId>>& key_tags,
                             StatementContext& context) {
  TRY_VOID(context.check());
  std::optional<Expression> folded;
  if (condition) folded = fold(*condition, {});
  const SeriesCondition on_tags = series_condition(folded, table);
  const auto list = [&](const Predicate& predicate) -> Result<SeriesList> {
    if (predicate.is_always_false()) return SeriesList{};
    return context.store.list_series({.table = table.table->id,
                                      .range = table.range,
                                      .predicate = predicate,
                                      .key_tags = key_tags});
  };
  SeriesList possible = TRY(list(on_tags.possible));
  if (!on_tags.undecided || undecided == Undecided::kHolds) return possible;
  if (TRY(list(on_tags.certain)).series.size() == possible.series.size()) return possible;
  return fail(ErrorCode::kInvalidInput,
              "Expression too complex for metaquery: " + to_string(*on_tags.undecided));
}

void append_escaped(std::string& text, const std::string& part, std::string_view specials) {
  for (const char c : part) {
    if (specials.find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
}

}  // namespace

Result<std::vector<ListedMeasurement>> list_measurements(const ListScope& scope,
                                                         StatementContext& context) {
  Names names = context.names;
  if (!scope.database.empty()) names.database = scope.database;
  if (names.database.empty()) return fail(ErrorCode::kInvalidInput, "database name required");
  const Measurement all{
      .database = {}, .policy = {}, .name = {}, .regex = RegexLiteral{.pattern = ""}};
  std::vector<Measurement> wanted;
  for (const Source& source : scope.sources) {
    if (const auto* measurement = std::get_if<Measurement>(&source)) wanted.push_back(*measurement);
  }
  if (wanted.empty()) wanted.push_back(all);
  std::map<std::string, ListedMeasurement> found;
  for (Measurement& measurement : wanted) {
    if (measurement.database.empty()) measurement.database = names.database;
    const DatabaseRef database = context.names.catalog->database(measurement.database);
    if (database == nullptr) {
      return fail(ErrorCode::kNotFound, "database not found: " + measurement.database);
    }
    if (!measurement.policy.empty()) {
      TRY_VOID(add_tables(measurement, scope, context, found));
      continue;
    }
    std::string only = scope.follows_request_policy ? names.policy : "";
    if (!only.empty() && database->policy(only) == nullptr) {
      return fail(ErrorCode::kNotFound, "retention policy not found: " + only);
    }
    if (only.empty() && scope.default_policy_only) only = database->default_policy;
    for (const PolicyRef& policy : database->policies) {
      if (!only.empty() && policy->name != only) continue;
      measurement.policy = policy->name;
      TRY_VOID(add_tables(measurement, scope, context, found));
    }
  }
  std::vector<ListedMeasurement> listed;
  for (auto& [name, measurement] : found) listed.push_back(std::move(measurement));
  return listed;
}

Result<std::vector<TagSet>> list_series(const ListedMeasurement& measurement,
                                        const std::optional<Expression>& condition,
                                        StatementContext& context, Undecided undecided) {
  std::set<TagSet> found;
  for (const BoundTableRef& table : measurement.tables) {
    for (const SeriesRef& series :
         TRY(series_of(*table, condition, undecided, std::nullopt, context)).series) {
      TagSet tags;
      for (const KeyCell& cell : TRY(decode_series_key(series.key))) {
        const Column* column = table->table->column(cell.column);
        if (column != nullptr) tags.emplace(column->name, std::string(cell.text));
      }
      found.insert(std::move(tags));
    }
  }
  return std::vector<TagSet>(found.begin(), found.end());
}

Result<std::map<std::string, std::vector<std::string>>> list_tag_values(
    const ListedMeasurement& measurement, const TagKeyMatch& match,
    const std::optional<Expression>& condition, StatementContext& context) {
  std::map<std::string, std::vector<std::string>> found;
  for (const BoundTableRef& table : measurement.tables) {
    std::vector<ColumnId> tags;
    for (const Column& column : table->table->columns) {
      if (column.kind == ColumnKind::kTag && match.matches(column.name)) tags.push_back(column.id);
    }
    std::ranges::sort(tags);
    if (tags.empty()) continue;
    const SeriesList list =
        TRY(series_of(*table, condition, Undecided::kIsRefused, tags, context));
    for (const ColumnId tag : tags) {
      TRY_VOID(context.check());
      const std::optional<ColumnId> by[] = {tag};
      SeriesGroups groups({}, list, by);
      std::vector<std::string> values;
      for (GroupKey& key : groups.take_keys()) {
        if (!key.tags[0].empty()) values.push_back(std::move(key.tags[0]));
      }
      if (values.empty()) continue;
      std::vector<std::string>& all = found[table->table->column(tag)->name];
      if (all.empty()) {
        all = std::move(values);
        continue;
      }
      std::vector<std::string> both;
      std::ranges::set_union(all, values, std::back_inserter(both));
      all = std::move(both);
    }
  }
  return found;
}

std::string series_text(const std::string& measurement, const TagSet& tags) {
  std::string text;
  append_escaped(text, measurement, ", ");
  for (const auto& [name, value] : tags) {
    text += ',';
    append_escaped(text, name, ",= ");
    text += '=';
    append_escaped(text, value, ",= ");
  }
  return text;
}

}  // namespace varve::influxql
