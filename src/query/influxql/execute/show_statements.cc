// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/show_statements.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "query/influxql/execute/listed_series.h"
#include "query/influxql/execute/measurement_condition.h"
#include "query/influxql/execute/tag_key_match.h"
#include "query/influxql/plan/series_condition.h"

namespace varve::influxql {
namespace {

using ValueRows = std::vector<std::vector<Value>>;

template <class T>
void cut(std::vector<T>& rows, int64_t limit, int64_t offset) {
  const auto skipped = std::min(rows.size(), static_cast<size_t>(std::max<int64_t>(offset, 0)));
  rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(skipped));
  if (limit > 0 && rows.size() > static_cast<size_t>(limit)) {
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(limit), rows.end());
  }
}

FoldContext fold_context(const StatementContext& context) {
  return {.now_ns = context.now_ns, .zone = nullptr, .folds_math = false};
}

/// The measurements of one database (and policy, unless empty) that SHOW MEASUREMENTS lists.
Result<std::vector<std::string>> measurement_names(const ShowMeasurementsStatement& statement,
                                                   const std::string& database,
                                                   const std::string& policy,
                                                   StatementContext& context) {
  ListScope scope{.database = database, .sources = {}, .time = {}};
  Measurement wanted = statement.measurement.value_or(
      Measurement{.regex = RegexLiteral{.pattern = ""}});
  wanted.database = database;
  wanted.policy = policy;
  scope.sources.push_back(wanted);
  std::vector<std::string> names;
  for (const ListedMeasurement& measurement : TRY(list_measurements(scope, context))) {
    if (statement.condition) {
      const auto series = TRY(list_series(measurement, std::nullopt, context));
      const auto holds = holds_for_measurement(*statement.condition, measurement.name, series);
      if (!holds) return fail(holds.error().code, database + ": " + holds.error().message);
      if (!*holds) continue;
    }
    names.push_back(measurement.name);
  }
  return names;
}

/// Databases and policies that ON names; an empty policy means all of them together.
Result<std::vector<std::pair<std::string, std::string>>> measurement_places(
    const ShowMeasurementsStatement& statement, const StatementContext& context) {
  const std::string& name =
      statement.database.empty() ? context.names.database : statement.database;
  std::vector<std::pair<std::string, std::string>> places;
  const auto add_policies = [&](const Database& database) {
    for (const PolicyRef& policy : database.policies) {
      places.emplace_back(database.name, policy->name);
    }
  };
  if (statement.any_database) {
    if (!statement.any_policy) {
      const std::string form = statement.policy.empty() ? "*" : "*.rp";
      return fail(ErrorCode::kInvalidInput,
                  "query 'SHOW MEASUREMENTS ON " + form +
                      "' not supported. use 'ON *.*' or specify a database");
    }
    const UserRef& user = context.names.user;
    for (const auto& [key, database] : context.names.catalog->databases) {
      const bool is_allowed = user == nullptr || may(*user, database->id, Grant::kRead);
      if (is_allowed) add_policies(*database);
    }
    return places;
  }
  if (name.empty()) return fail(ErrorCode::kInvalidInput, "database name required");
  const DatabaseRef database = context.names.catalog->database(name);
  if (statement.any_policy) {
    if (database == nullptr) return fail(ErrorCode::kNotFound, "unknown database " + name);
    add_policies(*database);
  } else if (database != nullptr &&
             (statement.policy.empty() || database->policy(statement.policy) != nullptr)) {
    places.emplace_back(name, statement.policy);
  }
  return places;
}

/// Rows of key and value, of which LIMIT and OFFSET leave some; no series when they leave none.
Result<void> answer_tag_values(const std::string& measurement,
                               const std::map<std::string, std::vector<std::string>>& values,
                               const ShowTagValuesStatement& statement, Answer& answer) {
  constexpr size_t kRowsPerBlock = 8192;
  auto to_skip = static_cast<uint64_t>(std::max<int64_t>(statement.offset, 0));
  uint64_t rows_left =
      statement.limit > 0 ? static_cast<uint64_t>(statement.limit) : UINT64_MAX;
  bool has_begun = false;
  for (const auto& [key, texts] : values) {
    const size_t skipped = std::min<uint64_t>(to_skip, texts.size());
    to_skip -= skipped;
    for (size_t begin = skipped; begin < texts.size() && rows_left > 0;) {
      const size_t end = begin + std::min<uint64_t>({texts.size() - begin, kRowsPerBlock,
                                                     rows_left});
      ColumnVector keys(ValueType::kString);
      ColumnVector cells(ValueType::kString);
      for (size_t i = begin; i < end; ++i) {
        keys.append_string_view(key);
        cells.append_string_view(texts[i]);
      }
      if (!has_begun) {
        TRY_VOID(answer.begin_series(
            {.name = measurement, .tags = {}, .columns = {"key", "value"}}));
      }
      has_begun = true;
      TRY_VOID(answer.rows({.columns = {keys.view(), cells.view()}, .row_count = end - begin}));
      rows_left -= end - begin;
      begin = end;
    }
  }
  return has_begun ? answer.end_series() : Result<void>();
}

}  // namespace

Result<void> execute(const ShowMeasurementsStatement& statement, StatementContext& context,
                     Answer& answer) {
  if (mentions_time(statement.condition)) {
    return fail(ErrorCode::kInvalidInput, "SHOW MEASUREMENTS doesn't support time in WHERE clause");
  }
  const bool shows_places =
      statement.any_database || statement.any_policy || !statement.policy.empty();
  ValueRows rows;
  for (const auto& [database, policy] : TRY(measurement_places(statement, context))) {
    for (std::string& name : TRY(measurement_names(statement, database, policy, context))) {
      rows.push_back({std::move(name)});
      if (shows_places) rows.back().insert(rows.back().end(), {database, policy});
    }
  }
  cut(rows, statement.limit, statement.offset);
  if (rows.empty()) return {};
  std::vector<std::string> columns = {"name"};
  if (shows_places) columns.insert(columns.end(), {"database", "retention policy"});
  return answer.series("measurements", columns, rows);
}

Result<void> execute(const ShowSeriesStatement& statement, StatementContext& context,
                     Answer& answer) {
  SplitCondition split = TRY(split_condition(statement.condition, fold_context(context)));
  TRY_VOID(check_tag_operators(split.condition));
  const ListScope scope{.database = statement.database,
                        .sources = statement.sources,
                        .follows_request_policy = true,
                        .time = split.time};
  ValueRows rows;
  for (const ListedMeasurement& measurement : TRY(list_measurements(scope, context))) {
    std::vector<std::string> keys;
    for (const TagSet& tags : TRY(list_series(measurement, split.condition, context))) {
      keys.push_back(series_text(measurement.name, tags));
    }
    std::sort(keys.begin(), keys.end());
    for (std::string& key : keys) rows.push_back({std::move(key)});
  }
  cut(rows, statement.limit, statement.offset);
  if (rows.empty()) return {};
  return answer.series("", {"key"}, rows);
}

Result<void> execute(const ShowTagKeysStatement& statement, StatementContext& context,
                     Answer& answer) {
  const SplitCondition split = TRY(split_condition(statement.condition, fold_context(context)));
  const ListScope scope{
      .database = statement.database, .sources = statement.sources, .time = split.time};
  const TagKeyMatch match(statement.key);
  for (const ListedMeasurement& measurement : TRY(list_measurements(scope, context))) {
    if (split.condition) TRY_VOID(check_quoted_values(*split.condition));
    std::set<std::string> keys;
    for (const TagSet& tags :
         TRY(list_series(measurement, split.condition, context, Undecided::kIsRefused))) {
      for (const auto& [key, value] : tags) {
        if (match.matches(key)) keys.insert(key);
      }
    }
    ValueRows rows;
    for (const std::string& key : keys) rows.push_back({key});
    cut(rows, statement.limit, statement.offset);
    if (!rows.empty()) TRY_VOID(answer.series(measurement.name, {"tagKey"}, rows));
  }
  return {};
}

Result<void> execute(const ShowTagValuesStatement& statement, StatementContext& context,
                     Answer& answer) {
  const SplitCondition split = TRY(split_condition(statement.condition, fold_context(context)));
  const ListScope scope{
      .database = statement.database, .sources = statement.sources, .time = split.time};
  const TagKeyMatch match(statement.key);
  for (const ListedMeasurement& measurement : TRY(list_measurements(scope, context))) {
    if (split.condition) TRY_VOID(check_quoted_values(*split.condition));
    const auto values = TRY(list_tag_values(measurement, match, split.condition, context));
    TRY_VOID(answer_tag_values(measurement.name, values, statement, answer));
  }
  return {};
}

Result<void> execute(const ShowFieldKeysStatement& statement, StatementContext& context,
                     Answer& answer) {
  const ListScope scope{.database = statement.database,
                        .sources = statement.sources,
                        .follows_request_policy = true,
                        .default_policy_only = true,
                        .time = {}};
  for (const ListedMeasurement& measurement : TRY(list_measurements(scope, context))) {
    std::set<std::pair<std::string, std::string>> fields;
    for (const BoundTableRef& table : measurement.tables) {
      for (const auto& [name, variants] : table->fields) {
        for (const Column* column : variants) {
          fields.emplace(name, to_string(to_data_type(column->type)));
        }
      }
    }
    ValueRows rows;
    for (const auto& [name, type] : fields) rows.push_back({name, type});
    cut(rows, statement.limit, statement.offset);
    if (!rows.empty()) TRY_VOID(answer.series(measurement.name, {"fieldKey", "fieldType"}, rows));
  }
  return {};
}

}  // namespace varve::influxql
