// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/definition_statements.h"

#include <string>
#include <utility>

#include "query/influxql/duration.h"
#include "query/influxql/execute/databases.h"

namespace varve::influxql {
namespace {

// A policy refuses what it cannot keep instead of promising it silently.
Result<void> refuse_write_limits(int64_t future_limit_ns, int64_t past_limit_ns) {
  if (future_limit_ns != 0) return fail(ErrorCode::kUnsupported, "not supported yet: FUTURE LIMIT");
  if (past_limit_ns != 0) return fail(ErrorCode::kUnsupported, "not supported yet: PAST LIMIT");
  return {};
}

}  // namespace

Result<void> execute(const CreateDatabaseStatement& statement, Definitions& definitions) {
  TRY_VOID(refuse_write_limits(statement.future_limit_ns.value_or(0),
                               statement.past_limit_ns.value_or(0)));
  std::optional<PolicySpec> policy;
  if (statement.has_policy) {
    policy.emplace();
    policy->name = statement.policy_name;
    policy->duration_ns = statement.duration_ns;
    if (statement.shard_duration_ns != 0) policy->segment_duration_ns = statement.shard_duration_ns;
    if (statement.replication) {
      policy->replica_count = static_cast<uint32_t>(*statement.replication);
    }
    policy->make_default = true;
  }
  TRY(definitions.catalog.create_database(statement.name, policy));
  return {};
}

Result<void> execute(const DropDatabaseStatement& statement, Definitions& definitions) {
  const auto tables = TRY(definitions.catalog.drop_database(statement.name));
  return definitions.admin.drop_tables(tables);
}

Result<void> execute(const CreateRetentionPolicyStatement& statement, Definitions& definitions) {
  TRY_VOID(refuse_write_limits(statement.future_limit_ns, statement.past_limit_ns));
  PolicySpec policy;
  policy.name = statement.name;
  policy.duration_ns = statement.duration_ns;
  if (statement.shard_duration_ns != 0) policy.segment_duration_ns = statement.shard_duration_ns;
  policy.replica_count = static_cast<uint32_t>(statement.replication);
  policy.make_default = statement.is_default;
  TRY(definitions.catalog.create_policy(statement.database, policy));
  return {};
}

Result<void> execute(const AlterRetentionPolicyStatement& statement, Definitions& definitions) {
  TRY_VOID(refuse_write_limits(statement.future_limit_ns.value_or(0),
                               statement.past_limit_ns.value_or(0)));
  PolicySpec changes;
  changes.name = statement.name;
  changes.duration_ns = statement.duration_ns;
  changes.segment_duration_ns = statement.shard_duration_ns;
  if (statement.replication) {
    changes.replica_count = static_cast<uint32_t>(*statement.replication);
  }
  changes.make_default = statement.is_default;
  TRY(definitions.catalog.alter_policy(statement.database, changes, std::nullopt));
  return {};
}

Result<void> execute(const DropRetentionPolicyStatement& statement, Definitions& definitions) {
  const CatalogSnapshotRef snapshot = definitions.catalog.snapshot();
  const DatabaseRef database = snapshot->database(statement.database);
  // What does not exist need not be dropped.
  if (database == nullptr || database->policy(statement.name) == nullptr) return {};
  const auto tables = TRY(definitions.catalog.drop_policy(statement.database, statement.name));
  return definitions.admin.drop_tables(tables);
}

Result<void> execute(const DropMeasurementStatement& statement, const Names& names,
                     Definitions& definitions) {
  const DatabaseRef database = names.catalog->database(names.database);
  if (database == nullptr) {
    return fail(ErrorCode::kNotFound, "database not found: " + names.database);
  }
  std::vector<TableId> tables;
  for (const PolicyRef& policy : database->policies) {
    if (const auto table = TRY(definitions.catalog.drop_table(policy->id, statement.name))) {
      tables.push_back(*table);
    }
  }
  return definitions.admin.drop_tables(tables);
}

Result<void> execute(const ShowDatabasesStatement&, const Names& names, Answer& answer) {
  std::vector<std::vector<Value>> rows;
  for (const DatabaseRef& database : databases_of(names)) rows.push_back({database->name});
  return answer.series("databases", {"name"}, rows);
}

Result<void> execute(const ShowRetentionPoliciesStatement& statement, const Names& names,
                     Answer& answer) {
  const std::string& name = statement.database.empty() ? names.database : statement.database;
  if (name.empty()) return fail(ErrorCode::kInvalidInput, "database name required");
  const DatabaseRef database = names.catalog->database(name);
  if (database == nullptr) return fail(ErrorCode::kNotFound, "database not found: " + name);
  std::vector<std::vector<Value>> rows;
  for (const PolicyRef& policy : database->policies) {
    // No policy has limits for the times of writes yet.
    rows.push_back({policy->name, format_clock_duration(policy->duration_ns),
                    format_clock_duration(policy->segment_duration_ns),
                    static_cast<int64_t>(policy->replica_count), format_clock_duration(0),
                    format_clock_duration(0), policy->name == database->default_policy});
  }
  return answer.series("",
                       {"name", "duration", "shardGroupDuration", "replicaN", "futureWriteLimit",
                        "pastWriteLimit", "default"},
                       rows);
}

}  // namespace varve::influxql
