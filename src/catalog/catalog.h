// SPDX-License-Identifier: Apache-2.0
// The truth about names: makes, changes and drops databases, policies, tables, columns and
// segments; each change is durable before it is seen.
//
// Threads: snapshot() never blocks; every other member may block on the disk and runs one at a time
// (call them from the catalog's thread or another that may wait, never from an event loop).
// Errors carry InfluxDB's words where it has some.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/key_value.h"
#include "catalog/snapshot.h"

namespace varve {

/// What may be said of a policy; what is not said keeps its default or its present value.
struct PolicySpec {
  std::string name;
  std::optional<int64_t> duration_ns;          ///< 0: infinite.
  std::optional<int64_t> segment_duration_ns;  ///< 0 or unset: by InfluxDB's table.
  std::optional<uint32_t> replica_count;
  bool make_default = false;
};

struct NewColumn {
  std::string name;
  ColumnKind kind = ColumnKind::kField;
  ValueType type = ValueType::kFloat64;
};

struct CatalogLimits {
  size_t columns_per_table_max = 100'000;
  size_t tables_per_policy_max = 1'000'000;
};

class Catalog {
 public:
  virtual ~Catalog() = default;

  virtual CatalogSnapshotRef snapshot() const = 0;

  /// Idempotent when the options agree; kConflict ("retention policy conflicts with an existing
  /// policy") when not. Without a policy it gets InfluxDB's default one: autogen, infinite.
  virtual Result<DatabaseRef> create_database(std::string_view name,
                                              const std::optional<PolicySpec>& policy) = 0;
  /// Gives the ids of the tables that went with it; an unknown database is fine.
  virtual Result<std::vector<TableId>> drop_database(std::string_view name) = 0;

  virtual Result<PolicyRef> create_policy(std::string_view database, const PolicySpec& policy) = 0;
  virtual Result<PolicyRef> alter_policy(std::string_view database, const PolicySpec& changes,
                                         const std::optional<std::string>& new_name) = 0;
  virtual Result<std::vector<TableId>> drop_policy(std::string_view database,
                                                   std::string_view policy) = 0;

  /// Makes the table and whichever columns are missing; others are left as they are.
  virtual Result<TableRef> ensure_columns(PolicyId policy, std::string_view table,
                                          const std::vector<NewColumn>& columns) = 0;
  /// Forgets a table; nothing when unknown.
  virtual Result<std::optional<TableId>> drop_table(PolicyId policy, std::string_view table) = 0;
  /// The segment of that time, made when missing: aligned as InfluxDB's shard groups, cut so as not
  /// to overlap its neighbours.
  virtual Result<Segment> ensure_segment(PolicyId policy, int64_t time_ns) = 0;

  /// Forgets segments of a policy; unknown ones are fine. Rows that come for their times later get
  /// a new segment.
  virtual Result<void> drop_segments(PolicyId policy, const std::vector<SegmentId>& segments) = 0;

  /// Writes all of it, as of one moment, into an empty store; durable when it returns. Changes of
  /// the catalog go on meanwhile.
  virtual Result<void> copy_to(KeyValue& target) const = 0;
  /// What is wrong with the stored form, one sentence each; empty when it is sound.
  virtual Result<std::vector<std::string>> check() const = 0;

  // Users. `user not found` unless said otherwise.

  /// kInvalidInput `username required`, kAlreadyExists `user already exists`.
  virtual Result<UserRef> create_user(std::string_view name, const PasswordVerifiers& password,
                                      bool is_admin) = 0;
  virtual Result<void> drop_user(std::string_view name) = 0;
  virtual Result<void> set_password(std::string_view user, const PasswordVerifiers& password) = 0;
  virtual Result<void> set_admin(std::string_view user, bool is_admin) = 0;
  /// In place of what the user had there. Also `database not found: x`.
  virtual Result<void> set_grant(std::string_view user, std::string_view database,
                                 Grant grant) = 0;

  // Standing work.

  /// Nothing when the same text has that name already (in capitals or not); else
  /// `continuous query already exists`, `database not found: x`.
  virtual Result<void> create_continuous_query(std::string_view database, std::string_view name,
                                               std::string_view text) = 0;
  /// Nothing when unknown.
  virtual Result<void> drop_continuous_query(std::string_view database,
                                             std::string_view name) = 0;
  /// `subscription already exists`, `database not found: x`, `retention policy not found: x`.
  virtual Result<void> create_subscription(std::string_view database, std::string_view policy,
                                           Subscription subscription) = 0;
  /// `subscription not found`, and the same.
  virtual Result<void> drop_subscription(std::string_view database, std::string_view policy,
                                         std::string_view name) = 0;

  /// Every table id that exists, to tell a store which of its tables are dead.
  virtual std::vector<TableId> live_tables() const = 0;
};

/// Reads everything there is. kCorrupt names the key that does not make sense.
Result<std::unique_ptr<Catalog>> open_catalog(std::unique_ptr<KeyValue> key_value,
                                              const CatalogLimits& limits);

/// Source: InfluxDB 1.8, meta.shardGroupDuration: below 2 days 1 h, below 180 days 1 day, else (and
/// for ever) 7 days.
int64_t default_segment_duration_ns(int64_t policy_duration_ns);

}  // namespace varve
