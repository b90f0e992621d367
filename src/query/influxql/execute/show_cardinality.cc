// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "query/influxql/execute/listed_series.h"
#include "query/influxql/execute/measurement_condition.h"
#include "query/influxql/execute/show_statements.h"
#include "query/influxql/execute/tag_key_match.h"

namespace varve::influxql {
namespace {

using Subject = ShowCardinalityStatement::Subject;

class CardinalityCount {
 public:
  CardinalityCount(const ShowCardinalityStatement& statement, StatementContext& context,
                   Answer& answer)
      : statement_(statement), context_(context), answer_(answer), match_(statement.key) {
    for (const Dimension& dimension : statement.dimensions) {
      if (const auto* tag = dimension.expression.as<Variable>()) dimensions_.insert(tag->name);
    }
  }

  Result<void> run() {
    if (mentions_time(statement_.condition)) return refuse_time();
    // What asks for nothing special counts the database as a whole.
    const bool is_plain = !statement_.is_exact && statement_.sources.empty() &&
                          !statement_.condition && dimensions_.empty() && statement_.limit == 0 &&
                          statement_.offset == 0;
    const bool is_whole = is_plain && (statement_.subject == Subject::kSeries ||
                                       statement_.subject == Subject::kMeasurements);
    const ListScope scope{.database = statement_.database,
                          .sources = statement_.sources,
                          .follows_request_policy = !is_whole,
                          .default_policy_only = !is_whole,
                          .time = {}};
    const auto measurements = TRY(list_measurements(scope, context_));
    if (statement_.subject == Subject::kMeasurements) {
      return count_measurements(measurements, is_whole);
    }
    if (is_whole) return count_all_series(measurements);
    for (const ListedMeasurement& measurement : measurements) TRY_VOID(count(measurement));
    return {};
  }

 private:
  Result<void> refuse_time() const {
    switch (statement_.subject) {
      case Subject::kSeries:
        return refuse("SHOW SERIES EXACT CARDINALITY");
      case Subject::kMeasurements:
        return refuse("SHOW MEASUREMENT EXACT CARDINALITY");
      case Subject::kTagKeys:
        return refuse("SHOW TAG KEY EXACT CARDINALITY");
      case Subject::kFieldKeys:
        return refuse("SHOW FIELD KEY CARDINALITY");
      case Subject::kTagValues:
        break;
    }
    return refuse("SHOW TAG VALUES CARDINALITY");
  }
  static Result<void> refuse(const std::string& form) {
    return fail(ErrorCode::kInvalidInput, form + " doesn't support time in WHERE clause");
  }

  Result<void> count_measurements(const std::vector<ListedMeasurement>& measurements,
                                  bool is_whole) {
    int64_t count = 0;
    for (const ListedMeasurement& measurement : measurements) {
      if (statement_.condition) {
        if (TRY(count_series(measurement, statement_.condition, context_)) == 0) continue;
      }
      ++count;
    }
    if (count == 0 && !is_whole) return {};
    return answer_.series("", {is_whole ? "cardinality estimation" : "count"}, {{count}});
  }

  Result<void> count_all_series(const std::vector<ListedMeasurement>& measurements) {
    int64_t count = 0;
    for (const ListedMeasurement& measurement : measurements) {
      count += static_cast<int64_t>(TRY(count_series(measurement, std::nullopt, context_)));
    }
    return answer_.series("", {"cardinality estimation"}, {{count}});
  }

  Result<void> count(const ListedMeasurement& measurement) {
    if (statement_.subject == Subject::kSeries && dimensions_.empty()) {
      if (statement_.offset > 0) return {};
      const uint64_t count =
          TRY(count_series(measurement, statement_.condition, context_));
      return count == 0 ? Result<void>() : answer_count(measurement, {}, count);
    }
    std::map<std::vector<std::pair<std::string, std::string>>, std::set<std::string>> counted;
    if (statement_.subject == Subject::kFieldKeys) {
      for (const BoundTableRef& table : measurement.tables) {
        for (const auto& [name, variants] : table->fields) counted[{}].insert(name);
      }
    } else {
      for (const TagSet& tags : TRY(list_series(measurement, statement_.condition, context_))) {
        add(measurement, tags, counted[group_of(tags)]);
      }
    }
    for (const auto& [group, names] : counted) {
      if (names.empty() || statement_.offset > 0) continue;
      TRY_VOID(answer_count(measurement, group, names.size()));
    }
    return {};
  }

  Result<void> answer_count(const ListedMeasurement& measurement,
                            const std::vector<std::pair<std::string, std::string>>& group,
                            size_t count) {
    const bool is_estimate = statement_.subject == Subject::kSeries && !statement_.is_exact &&
                             dimensions_.empty() && statement_.limit == 0 &&
                             statement_.offset == 0;
    TRY_VOID(answer_.begin_series(
        {.name = measurement.name,
         .tags = group,
         .columns = {is_estimate ? "cardinality estimation" : "count"}}));
    ColumnVector column(ValueType::kInt64);
    column.append_i64(static_cast<int64_t>(count));
    TRY_VOID(answer_.rows({.columns = {column.view()}, .row_count = 1}));
    return answer_.end_series();
  }

  std::vector<std::pair<std::string, std::string>> group_of(const TagSet& tags) const {
    std::vector<std::pair<std::string, std::string>> group;
    for (const std::string& dimension : dimensions_) {
      const auto tag = tags.find(dimension);
      group.emplace_back(dimension, tag == tags.end() ? "" : tag->second);
    }
    return group;
  }

  void add(const ListedMeasurement& measurement, const TagSet& tags,
           std::set<std::string>& names) const {
    if (statement_.subject == Subject::kSeries) {
      names.insert(series_text(measurement.name, tags));
      return;
    }
    for (const auto& [key, value] : tags) {
      if (statement_.subject == Subject::kTagKeys) {
        names.insert(key);
      } else if (match_.matches(key)) {
        names.insert(value);
      }
    }
  }

  const ShowCardinalityStatement& statement_;
  StatementContext& context_;
  Answer& answer_;
  TagKeyMatch match_;
  std::set<std::string> dimensions_;
};

}  // namespace

Result<void> execute(const ShowCardinalityStatement& statement, StatementContext& context,
                     Answer& answer) {
  return CardinalityCount(statement, context, answer).run();
}

}  // namespace varve::influxql
