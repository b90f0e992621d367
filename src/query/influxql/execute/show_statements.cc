// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/show_statements.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
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

/// Rows of texts, of which LIMIT and OFFSET leave some; no series when they leave none.
class TextRows {
 public:
  TextRows(const ResultHeader& header, int64_t limit, int64_t offset, Answer& answer)
      : header_(header),
        to_skip_(static_cast<uint64_t>(std::max<int64_t>(offset, 0))),
        rows_left_(limit > 0 ? static_cast<uint64_t>(limit) : UINT64_MAX),
        answer_(answer) {}

  bool is_full() const { return rows_left_ == 0; }

  /// A row for each of the texts, with `first` before it where the header has two columns.
  Result<void> add(std::string_view first, std::span<const std::string_view> texts) {
    const size_t skipped = std::min<uint64_t>(to_skip_, texts.size());
    to_skip_ -= skipped;
    for (size_t begin = skipped; begin < texts.size() && rows_left_ > 0;) {
      const size_t count =
          std::min<uint64_t>({texts.size() - begin, kRowsPerBlock, rows_left_});
      if (!has_begun_) TRY_VOID(answer_.begin_series(header_));
      has_begun_ = true;
      const std::vector<std::string_view> same(header_.columns.size() > 1 ? count : 0, first);
      ResultBlock block{.columns = {}, .row_count = count};
      if (!same.empty()) block.columns.push_back(column_of(same));
      block.columns.push_back(column_of(texts.subspan(begin, count)));
      TRY_VOID(answer_.rows(block));
      rows_left_ -= count;
      begin += count;
    }
    return {};
  }
  Result<void> finish() { return has_begun_ ? answer_.end_series() : Result<void>(); }

 private:
  static constexpr size_t kRowsPerBlock = 8192;
  static ColumnView column_of(std::span<const std::string_view> texts) {
    return {.type = ValueType::kString, .values = texts.data(), .row_count = texts.size()};
  }

  const ResultHeader header_;
  uint64_t to_skip_;
  uint64_t rows_left_;
  bool has_begun_ = false;
  Answer& answer_;
};

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
  TextRows rows({.name = {}, .tags = {}, .columns = {"key"}}, statement.limit, statement.offset,
                answer);
  for (const ListedMeasurement& measurement : TRY(list_measurements(scope, context))) {
    if (rows.is_full()) break;
    const auto listed = TRY(list_series_texts(measurement, split.condition, context));
    TRY_VOID(rows.add({}, listed->texts));
  }
  return rows.finish();
}

Result<void> execute(const ShowTagKeysStatement& statement, StatementContext& context,
                     Answer& answer) {
  const SplitCondition split = TRY(split_condition(statement.condition, fold_context(context)));
  const ListScope scope{
      .database = statement.database, .sources = statement.sources, .time = split.time};
  const TagKeyMatch match(statement.key);
  for (const ListedMeasurement& measurement : TRY(list_measurements(scope, context))) {
    if (split.condition) TRY_VOID(check_quoted_values(*split.condition));
    ValueRows rows;
    for (std::string& key : TRY(list_tag_keys(measurement, match, split.condition, context))) {
      rows.push_back({std::move(key)});
    }
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
    TextRows rows({.name = measurement.name, .tags = {}, .columns = {"key", "value"}},
                  statement.limit, statement.offset, answer);
    for (const auto& [key, listed] : values) TRY_VOID(rows.add(key, listed->texts));
    TRY_VOID(rows.finish());
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
