// SPDX-License-Identifier: Apache-2.0
// The measurements of a database and their series, as SHOW statements see them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/column_vector.h"
#include "query/influxql/ast.h"
#include "query/influxql/execute/statement_context.h"
#include "query/influxql/execute/tag_key_match.h"
#include "query/influxql/plan/condition.h"

namespace varve::influxql {

/// One measurement: a table for each policy that has it.
struct ListedMeasurement {
  std::string name;
  std::vector<BoundTableRef> tables;
};

/// Whose measurements are listed, and which.
struct ListScope {
  std::string database;          ///< Of ON; empty: the request's.
  std::vector<Source> sources;   ///< Of FROM; none: all.
  /// Of measurements that name none: those of the request, or without one all or the default.
  bool follows_request_policy = false;
  bool default_policy_only = false;
  TimeBounds time;               ///< Segments that overlap it count.
};

/// Sorted by name; only those that hold series. Errors: `database name required`, `database not
/// found: x`, `retention policy not found: x`.
Result<std::vector<ListedMeasurement>> list_measurements(const ListScope& scope,
                                                         StatementContext& context);

/// The tags of one series, sorted by name.
using TagSet = std::map<std::string, std::string>;

/// What a series cannot decide, such as a condition on a field.
enum class Undecided : uint8_t {
  kHolds,
  kIsRefused,  ///< With InfluxDB's `Expression too complex for metaquery: …`.
};

/// The series of a measurement for which the condition holds, each once, sorted.
Result<std::vector<TagSet>> list_series(const ListedMeasurement& measurement,
                                        const std::optional<Expression>& condition,
                                        StatementContext& context,
                                        Undecided undecided = Undecided::kHolds);

/// How many there are.
Result<uint64_t> count_series(const ListedMeasurement& measurement,
                              const std::optional<Expression>& condition,
                              StatementContext& context);

/// Sorted texts, each once. The views live as long as the list. Threads: one owner.
struct ListedTexts {
  explicit ListedTexts(StatementContext& context) : memory(context.budget) {}
  std::vector<std::string_view> texts;
  std::vector<std::shared_ptr<const void>> pins;
  StringArena arena;
  MemoryClaim memory;  // What all of it takes.
};

/// The values of the tags that match, by tag. Refuses conditions that series cannot decide. A
/// matching tag without a value may be missing.
Result<std::map<std::string, std::unique_ptr<ListedTexts>>> list_tag_values(
    const ListedMeasurement& measurement, const TagKeyMatch& match,
    const std::optional<Expression>& condition, StatementContext& context);

/// The tags that match of which some series has a value, sorted. Refuses as above.
Result<std::vector<std::string>> list_tag_keys(const ListedMeasurement& measurement,
                                               const TagKeyMatch& match,
                                               const std::optional<Expression>& condition,
                                               StatementContext& context);

/// `cpu,host=a,region=b` with the escapes of the line protocol.
std::string series_text(const std::string& measurement, const TagSet& tags);

/// The same of all series of a measurement for which the condition holds.
Result<std::unique_ptr<ListedTexts>> list_series_texts(const ListedMeasurement& measurement,
                                                       const std::optional<Expression>& condition,
                                                       StatementContext& context);

}  // namespace varve::influxql
