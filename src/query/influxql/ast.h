// SPDX-License-Identifier: Apache-2.0
// What a parsed InfluxQL text is: a list of statements.
//
// Plain values, deep copies by copying. Names are exact and without quotes. An empty database,
// policy or alias means that the text gave none. Durations are nanoseconds; where a policy allows
// INF it is 0. Limits and offsets of 0 mean "none".
// Print with to_string() of ast_text.h; what a statement needs and does is in statement_facts.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "query/influxql/box.h"
#include "query/influxql/expression.h"

namespace varve::influxql {

// ---- Parts ----

/// `db.policy.name`, or with a regex in place of the name.
struct Measurement {
  std::string database;
  std::string policy;
  std::string name;  ///< Empty with a regex.
  std::optional<RegexLiteral> regex;
  friend bool operator==(const Measurement&, const Measurement&) = default;
};

struct SelectStatement;

struct SubQuery {
  Box<SelectStatement> statement;
  friend bool operator==(const SubQuery&, const SubQuery&) = default;
};

using Source = std::variant<Measurement, SubQuery>;

/// `INTO db.policy.name`, or `INTO db.policy.:MEASUREMENT`.
struct Target {
  Measurement measurement;
  bool uses_source_name = false;  ///< :MEASUREMENT; the name is then empty.
  friend bool operator==(const Target&, const Target&) = default;
};

/// One column of a SELECT.
struct Field {
  Expression expression;
  std::string alias;
  friend bool operator==(const Field&, const Field&) = default;
};

/// One part of GROUP BY: a Variable (tag), Wildcard, RegexLiteral, Call time(…); the parser lets
/// other expressions pass as well, which the planner refuses.
struct Dimension {
  Expression expression;
  friend bool operator==(const Dimension&, const Dimension&) = default;
};

/// `ORDER BY time DESC`. The name is "time", or empty for a bare ASC or DESC.
struct SortField {
  std::string name;
  bool is_ascending = true;
  friend bool operator==(const SortField&, const SortField&) = default;
};

enum class FillMode : uint8_t { kNull, kNone, kNumber, kPrevious, kLinear };

struct Fill {
  FillMode mode = FillMode::kNull;
  std::variant<int64_t, double> number = int64_t{0};  ///< For kNumber.
  friend bool operator==(const Fill&, const Fill&) = default;
};

/// `WITH KEY = host`, `WITH KEY IN (a, b)`, `WITH KEY =~ /re/`.
struct TagKeyFilter {
  enum class Comparison : uint8_t { kEqual, kNotEqual, kIn, kMatch, kNotMatch };
  Comparison comparison = Comparison::kEqual;
  std::vector<std::string> keys;  ///< One for = and !=, one or more for IN.
  RegexLiteral regex;             ///< For =~ and !~.
  friend bool operator==(const TagKeyFilter&, const TagKeyFilter&) = default;
};

// ---- Reading ----

struct SelectStatement {
  std::vector<Field> fields;
  std::optional<Target> target;
  std::vector<Source> sources;
  std::optional<Expression> condition;
  std::vector<Dimension> dimensions;
  Fill fill;
  std::vector<SortField> sort;  ///< None, or one.
  int64_t limit = 0;
  int64_t offset = 0;
  int64_t series_limit = 0;
  int64_t series_offset = 0;
  std::string time_zone;  ///< An IANA name that exists, "UTC" or "Local"; empty without tz().

  bool is_ascending() const { return sort.empty() || sort.front().is_ascending; }
  friend bool operator==(const SelectStatement&, const SelectStatement&) = default;
};

struct ExplainStatement {
  SelectStatement select;
  bool analyze = false;
  bool verbose = false;
  friend bool operator==(const ExplainStatement&, const ExplainStatement&) = default;
};

struct ShowDatabasesStatement {
  friend bool operator==(const ShowDatabasesStatement&, const ShowDatabasesStatement&) = default;
};

struct ShowRetentionPoliciesStatement {
  std::string database;
  friend bool operator==(const ShowRetentionPoliciesStatement&,
                         const ShowRetentionPoliciesStatement&) = default;
};

struct ShowMeasurementsStatement {
  std::string database;
  std::string policy;
  bool any_database = false;  ///< ON *
  bool any_policy = false;    ///< ON db.*
  std::optional<Measurement> measurement;  ///< WITH MEASUREMENT = name, =~ /re/
  std::optional<Expression> condition;
  std::vector<SortField> sort;
  int64_t limit = 0;
  int64_t offset = 0;
  friend bool operator==(const ShowMeasurementsStatement&,
                         const ShowMeasurementsStatement&) = default;
};

struct ShowSeriesStatement {
  std::string database;
  std::vector<Source> sources;
  std::optional<Expression> condition;
  std::vector<SortField> sort;
  int64_t limit = 0;
  int64_t offset = 0;
  friend bool operator==(const ShowSeriesStatement&, const ShowSeriesStatement&) = default;
};

struct ShowTagKeysStatement {
  std::string database;
  std::vector<Source> sources;
  std::optional<TagKeyFilter> key;
  std::optional<Expression> condition;
  std::vector<SortField> sort;
  int64_t limit = 0;
  int64_t offset = 0;
  int64_t series_limit = 0;
  int64_t series_offset = 0;
  friend bool operator==(const ShowTagKeysStatement&, const ShowTagKeysStatement&) = default;
};

struct ShowTagValuesStatement {
  std::string database;
  std::vector<Source> sources;
  TagKeyFilter key;
  std::optional<Expression> condition;
  std::vector<SortField> sort;
  int64_t limit = 0;
  int64_t offset = 0;
  friend bool operator==(const ShowTagValuesStatement&, const ShowTagValuesStatement&) = default;
};

struct ShowFieldKeysStatement {
  std::string database;
  std::vector<Source> sources;
  std::vector<SortField> sort;
  int64_t limit = 0;
  int64_t offset = 0;
  friend bool operator==(const ShowFieldKeysStatement&, const ShowFieldKeysStatement&) = default;
};

/// SHOW SERIES | MEASUREMENT | TAG KEY | TAG VALUES | FIELD KEY [EXACT] CARDINALITY.
struct ShowCardinalityStatement {
  enum class Subject : uint8_t { kSeries, kMeasurements, kTagKeys, kTagValues, kFieldKeys };
  Subject subject = Subject::kSeries;
  bool is_exact = false;
  std::string database;
  std::vector<Source> sources;
  std::optional<TagKeyFilter> key;  ///< Always there for kTagValues, never else.
  std::optional<Expression> condition;
  std::vector<Dimension> dimensions;
  int64_t limit = 0;
  int64_t offset = 0;
  friend bool operator==(const ShowCardinalityStatement&,
                         const ShowCardinalityStatement&) = default;
};

struct ShowContinuousQueriesStatement {
  friend bool operator==(const ShowContinuousQueriesStatement&,
                         const ShowContinuousQueriesStatement&) = default;
};

struct ShowMaterializedViewsStatement {
  std::string database;
  friend bool operator==(const ShowMaterializedViewsStatement&,
                         const ShowMaterializedViewsStatement&) = default;
};

struct ShowUsersStatement {
  friend bool operator==(const ShowUsersStatement&, const ShowUsersStatement&) = default;
};

struct ShowGrantsStatement {
  std::string user;
  friend bool operator==(const ShowGrantsStatement&, const ShowGrantsStatement&) = default;
};

struct ShowQueriesStatement {
  friend bool operator==(const ShowQueriesStatement&, const ShowQueriesStatement&) = default;
};

struct ShowShardsStatement {
  friend bool operator==(const ShowShardsStatement&, const ShowShardsStatement&) = default;
};

struct ShowShardGroupsStatement {
  friend bool operator==(const ShowShardGroupsStatement&,
                         const ShowShardGroupsStatement&) = default;
};

struct ShowSubscriptionsStatement {
  friend bool operator==(const ShowSubscriptionsStatement&,
                         const ShowSubscriptionsStatement&) = default;
};

struct ShowStatsStatement {
  std::string module;
  friend bool operator==(const ShowStatsStatement&, const ShowStatsStatement&) = default;
};

struct ShowDiagnosticsStatement {
  std::string module;
  friend bool operator==(const ShowDiagnosticsStatement&,
                         const ShowDiagnosticsStatement&) = default;
};

// ---- Databases and policies ----

struct CreateDatabaseStatement {
  std::string name;
  bool has_policy = false;  ///< WITH …: the rest says how the policy is to be.
  std::optional<int64_t> duration_ns;
  std::optional<int64_t> replication;
  int64_t shard_duration_ns = 0;  ///< 0: not given.
  std::optional<int64_t> future_limit_ns;
  std::optional<int64_t> past_limit_ns;
  std::string policy_name;
  friend bool operator==(const CreateDatabaseStatement&,
                         const CreateDatabaseStatement&) = default;
};

struct DropDatabaseStatement {
  std::string name;
  friend bool operator==(const DropDatabaseStatement&, const DropDatabaseStatement&) = default;
};

struct CreateRetentionPolicyStatement {
  std::string name;
  std::string database;
  int64_t duration_ns = 0;  ///< 0: INF.
  int64_t replication = 0;
  int64_t shard_duration_ns = 0;  ///< 0: not given.
  bool is_default = false;
  int64_t future_limit_ns = 0;
  int64_t past_limit_ns = 0;
  friend bool operator==(const CreateRetentionPolicyStatement&,
                         const CreateRetentionPolicyStatement&) = default;
};

/// At least one of the options is given.
struct AlterRetentionPolicyStatement {
  std::string name;
  std::string database;
  std::optional<int64_t> duration_ns;  ///< 0: INF.
  std::optional<int64_t> replication;
  std::optional<int64_t> shard_duration_ns;
  bool is_default = false;
  std::optional<int64_t> future_limit_ns;
  std::optional<int64_t> past_limit_ns;
  friend bool operator==(const AlterRetentionPolicyStatement&,
                         const AlterRetentionPolicyStatement&) = default;
};

struct DropRetentionPolicyStatement {
  std::string name;
  std::string database;
  friend bool operator==(const DropRetentionPolicyStatement&,
                         const DropRetentionPolicyStatement&) = default;
};

// ---- Removing data ----

/// DELETE [FROM …] [WHERE …]; at least one of the two. The sources are measurements without a
/// database; a policy may be given.
struct DeleteStatement {
  std::vector<Source> sources;
  std::optional<Expression> condition;
  friend bool operator==(const DeleteStatement&, const DeleteStatement&) = default;
};

/// DROP SERIES [FROM …] [WHERE …]; the same, and without a policy.
struct DropSeriesStatement {
  std::vector<Source> sources;
  std::optional<Expression> condition;
  friend bool operator==(const DropSeriesStatement&, const DropSeriesStatement&) = default;
};

struct DropMeasurementStatement {
  std::string name;
  friend bool operator==(const DropMeasurementStatement&,
                         const DropMeasurementStatement&) = default;
};

struct DropShardStatement {
  uint64_t id = 0;
  friend bool operator==(const DropShardStatement&, const DropShardStatement&) = default;
};

// ---- Standing work ----

struct CreateContinuousQueryStatement {
  std::string name;
  std::string database;
  SelectStatement select;  ///< Has a target; if it aggregates, it groups by time.
  int64_t resample_every_ns = 0;  ///< 0: not given.
  int64_t resample_for_ns = 0;    ///< 0: not given.
  friend bool operator==(const CreateContinuousQueryStatement&,
                         const CreateContinuousQueryStatement&) = default;
};

struct DropContinuousQueryStatement {
  std::string name;
  std::string database;
  friend bool operator==(const DropContinuousQueryStatement&,
                         const DropContinuousQueryStatement&) = default;
};

/// CREATE MATERIALIZED VIEW name ON db [WITH [NO] BACKFILL] AS SELECT …. The SELECT has a target,
/// groups by time, and reads exactly one named measurement.
struct CreateMaterializedViewStatement {
  std::string name;
  std::string database;
  bool backfill = true;
  SelectStatement select;
  friend bool operator==(const CreateMaterializedViewStatement&,
                         const CreateMaterializedViewStatement&) = default;
};

struct DropMaterializedViewStatement {
  std::string name;
  std::string database;
  friend bool operator==(const DropMaterializedViewStatement&,
                         const DropMaterializedViewStatement&) = default;
};

struct CreateSubscriptionStatement {
  std::string name;
  std::string database;
  std::string policy;
  std::string mode;  ///< "ALL" or "ANY".
  std::vector<std::string> destinations;
  friend bool operator==(const CreateSubscriptionStatement&,
                         const CreateSubscriptionStatement&) = default;
};

struct DropSubscriptionStatement {
  std::string name;
  std::string database;
  std::string policy;
  friend bool operator==(const DropSubscriptionStatement&,
                         const DropSubscriptionStatement&) = default;
};

struct KillQueryStatement {
  uint64_t id = 0;
  std::string host;
  friend bool operator==(const KillQueryStatement&, const KillQueryStatement&) = default;
};

// ---- Users ----

enum class Privilege : uint8_t { kNone, kRead, kWrite, kAll };

/// "NO PRIVILEGES", "READ", "WRITE", "ALL PRIVILEGES".
std::string_view to_string(Privilege privilege);

struct CreateUserStatement {
  std::string name;
  std::string password;  ///< In clear; never printed.
  bool is_admin = false;
  friend bool operator==(const CreateUserStatement&, const CreateUserStatement&) = default;
};

struct DropUserStatement {
  std::string name;
  friend bool operator==(const DropUserStatement&, const DropUserStatement&) = default;
};

struct SetPasswordStatement {
  std::string user;
  std::string password;  ///< In clear; never printed.
  friend bool operator==(const SetPasswordStatement&, const SetPasswordStatement&) = default;
};

/// GRANT … ON database TO user.
struct GrantStatement {
  Privilege privilege = Privilege::kNone;
  std::string database;
  std::string user;
  friend bool operator==(const GrantStatement&, const GrantStatement&) = default;
};

/// GRANT ALL PRIVILEGES TO user.
struct GrantAdminStatement {
  std::string user;
  friend bool operator==(const GrantAdminStatement&, const GrantAdminStatement&) = default;
};

/// REVOKE … ON database FROM user.
struct RevokeStatement {
  Privilege privilege = Privilege::kNone;
  std::string database;
  std::string user;
  friend bool operator==(const RevokeStatement&, const RevokeStatement&) = default;
};

/// REVOKE ALL PRIVILEGES FROM user.
struct RevokeAdminStatement {
  std::string user;
  friend bool operator==(const RevokeAdminStatement&, const RevokeAdminStatement&) = default;
};

// ---- All of them ----

using Statement = std::variant<
    SelectStatement, ExplainStatement, DeleteStatement, ShowDatabasesStatement,
    ShowRetentionPoliciesStatement, ShowMeasurementsStatement, ShowSeriesStatement,
    ShowTagKeysStatement, ShowTagValuesStatement, ShowFieldKeysStatement, ShowCardinalityStatement,
    ShowContinuousQueriesStatement, ShowMaterializedViewsStatement, ShowUsersStatement,
    ShowGrantsStatement, ShowQueriesStatement, ShowShardsStatement, ShowShardGroupsStatement,
    ShowSubscriptionsStatement, ShowStatsStatement, ShowDiagnosticsStatement,
    CreateDatabaseStatement, DropDatabaseStatement, CreateRetentionPolicyStatement,
    AlterRetentionPolicyStatement, DropRetentionPolicyStatement, DropSeriesStatement,
    DropMeasurementStatement, DropShardStatement, CreateContinuousQueryStatement,
    DropContinuousQueryStatement, CreateMaterializedViewStatement, DropMaterializedViewStatement,
    CreateSubscriptionStatement, DropSubscriptionStatement, KillQueryStatement,
    CreateUserStatement, DropUserStatement, SetPasswordStatement, GrantStatement,
    GrantAdminStatement, RevokeStatement, RevokeAdminStatement>;

/// The alias, or else column_name() of the expression.
std::string column_name(const Field& field);

/// True when no field contains a function call (`DISTINCT x` counts as none).
bool is_raw_query(const SelectStatement& select);

/// The interval of GROUP BY time(…) in nanoseconds, 0 without one. Fails when time(…) has no
/// duration as its first argument or more than two arguments.
Result<int64_t> group_by_interval(const SelectStatement& select);

}  // namespace varve::influxql
