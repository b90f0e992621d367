// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/delete_statements.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/influxql/plan/condition.h"
#include "query/influxql/plan/pushdown.h"
#include "query/influxql/plan/series_condition.h"

namespace varve::influxql {
namespace {

/// What is to go: the rows of these sources and times for which the condition holds.
struct Removal {
  std::vector<Measurement> measurements;  ///< Qualified.
  std::optional<Expression> condition;
  TimeRange range;
  bool allows_fields = false;
};

TimeRange range_of(const TimeBounds& bounds) {
  TimeRange range;
  if (bounds.first_ns) range.begin_ns = *bounds.first_ns;
  if (bounds.last_ns && *bounds.last_ns < kTimeMax) range.end_ns = *bounds.last_ns + 1;
  return range;
}

Result<DatabaseRef> find_database(const Names& names) {
  DatabaseRef database = names.catalog->database(names.database);
  if (database == nullptr) {
    return fail(ErrorCode::kNotFound, "database not found: " + names.database);
  }
  return database;
}

/// The sources, or all measurements, in the policies that they mean.
Result<std::vector<Measurement>> expand_sources(const std::vector<Source>& sources,
                                                const Database& database) {
  std::vector<Measurement> wanted;
  for (const Source& source : sources) wanted.push_back(std::get<Measurement>(source));
  for (const Measurement& measurement : wanted) {
    if (measurement.policy == wanted.front().policy) continue;
    return fail(ErrorCode::kInvalidInput, "mixed retention policies not supported, wanted \"" +
                                              wanted.front().policy + "\" got \"" +
                                              measurement.policy + "\"");
  }
  if (wanted.empty()) wanted.push_back({.regex = RegexLiteral{.pattern = ""}});
  std::vector<Measurement> expanded;
  for (Measurement& measurement : wanted) {
    const std::string policy_wanted = std::exchange(measurement.policy, {});
    measurement.database = database.name;
    for (const PolicyRef& policy : database.policies) {
      if (!policy_wanted.empty() && policy->name != policy_wanted) continue;
      measurement.policy = policy->name;
      expanded.push_back(measurement);
    }
  }
  return expanded;
}

/// Gives variables of the condition the types that the table's fields have.
void type_fields(Expression& condition, const BoundTable& table) {
  walk_mutable(condition, [&](Expression& part) {
    auto* variable = part.as<Variable>();
    if (variable == nullptr) return;
    if (variable->type == DataType::kUnknown || variable->type == DataType::kAnyField) {
      variable->type = table.type_of(variable->name);
    }
  });
}

/// The same table with the fields of its definition that hold no cell in the time of the statement.
/// Left unknown they would be read as tags, and `s != 'p'` would hold for every row. A name that is
/// a tag too is the tag, as InfluxDB has it where the field holds nothing.
BoundTable with_empty_fields(const BoundTable& table) {
  BoundTable whole = table;
  for (const Column& column : table.table->columns) {
    if (column.kind != ColumnKind::kField || table.fields.contains(column.name)) continue;
    if (table.table->tag(column.name) == nullptr) whole.fields[column.name].push_back(&column);
  }
  return whole;
}

tl::unexpected<Error> refuse_condition(const BoundTable& table, const Removal& removal) {
  std::string message;
  for (const Segment& segment : table.policy->segments) {
    if (!segment.range.overlaps(removal.range)) continue;
    message = "shard " + std::to_string(raw(segment.id)) + ": ";
    break;
  }
  return fail(ErrorCode::kInvalidInput,
              message + (removal.allows_fields ? "expressions" : "fields") +
                  " not supported in WHERE clause during deletion");
}

Result<void> remove_from(const BoundTable& table, const Removal& removal,
                         StatementContext& context) {
  DeleteSpec spec{.table = table.table->id, .range = removal.range, .predicate = {}};
  if (removal.condition) {
    Expression condition = *removal.condition;
    type_fields(condition, table);
    const SeriesCondition on_series = series_condition(condition, table);
    if (on_series.undecided && !removal.allows_fields) {
      return refuse_condition(table, removal);
    }
    PushedCondition pushed = push_down(condition, table);
    if (pushed.rest) {
      // Rows would have to be read for it, or tags compared with tags: InfluxDB then takes every
      // series that has both, whatever their values. A name that no series has takes nothing.
      const bool takes_nothing = !on_series.undecided && on_series.certain.is_always_false();
      if (!takes_nothing) return refuse_condition(table, removal);
      return {};
    }
    if (pushed.predicate.is_always_false()) return {};
    spec.predicate = std::move(pushed.predicate);
  }
  TRY_VOID(context.store.remove(spec));
  context.ingest.forget_fields(spec.table);
  return {};
}

Result<void> remove_rows(const Removal& removal, StatementContext& context) {
  if (removal.range.empty()) return {};
  for (const Measurement& measurement : removal.measurements) {
    for (const BoundTableRef& table :
         TRY(bind_tables(measurement, context.names, removal.range, context.store))) {
      TRY_VOID(context.check());
      if (table->range.empty()) continue;
      TRY_VOID(remove_from(with_empty_fields(*table), removal, context));
    }
  }
  return {};
}

FoldContext fold_context(const StatementContext& context) {
  return {.now_ns = context.now_ns, .zone = nullptr, .folds_math = false};
}

}  // namespace

Result<void> execute(const DeleteStatement& statement, StatementContext& context) {
  const DatabaseRef database = TRY(find_database(context.names));
  SplitCondition split = TRY(split_condition(statement.condition, fold_context(context)));
  return remove_rows({.measurements = TRY(expand_sources(statement.sources, *database)),
                      .condition = std::move(split.condition),
                      .range = range_of(split.time),
                      .allows_fields = true},
                     context);
}

Result<void> execute(const DropSeriesStatement& statement, StatementContext& context) {
  const DatabaseRef database = TRY(find_database(context.names));
  if (mentions_time(statement.condition)) {
    return fail(ErrorCode::kInvalidInput, "DROP SERIES doesn't support time in WHERE clause");
  }
  SplitCondition split = TRY(split_condition(statement.condition, fold_context(context)));
  return remove_rows({.measurements = TRY(expand_sources(statement.sources, *database)),
                      .condition = std::move(split.condition),
                      .range = {},
                      .allows_fields = false},
                     context);
}

Result<void> execute(const DropShardStatement& statement, const Names& names,
                     Definitions& definitions) {
  const SegmentId segment{static_cast<uint32_t>(statement.id)};
  const PolicyRef policy =
      statement.id > UINT32_MAX ? nullptr : names.catalog->policy_of(segment);
  if (policy == nullptr) return fail(ErrorCode::kNotFound, "shard not found");
  // The rows first: a crash between the two leaves a shard that can be dropped again. Writes that
  // were on their way while the record went are caught by the second call.
  TRY_VOID(definitions.admin.drop_segments({segment}));
  TRY_VOID(definitions.catalog.drop_segments(policy->id, {segment}));
  return definitions.admin.drop_segments({segment});
}

}  // namespace varve::influxql
