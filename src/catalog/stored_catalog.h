// SPDX-License-Identifier: Apache-2.0
// The Catalog over a KeyValue: everything is in memory, each change is one transaction.
//
//   change = next picture computed ─▶ KeyValue commit ─▶ published
// Threads: as Catalog says. One mutex lets changes through one at a time; a small one guards the
// pointer to the published picture.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/key_value.h"
#include "catalog/snapshot.h"

namespace varve {

class StoredCatalog final : public Catalog {
 public:
  StoredCatalog(std::unique_ptr<KeyValue> key_value, const CatalogLimits& limits);

  /// Reads everything there is. Call it once, before anything else.
  Result<void> load();

  CatalogSnapshotRef snapshot() const override;
  Result<DatabaseRef> create_database(std::string_view name,
                                      const std::optional<PolicySpec>& policy) override;
  Result<std::vector<TableId>> drop_database(std::string_view name) override;
  Result<PolicyRef> create_policy(std::string_view database, const PolicySpec& policy) override;
  Result<PolicyRef> alter_policy(std::string_view database, const PolicySpec& changes,
                                 const std::optional<std::string>& new_name) override;
  Result<std::vector<TableId>> drop_policy(std::string_view database,
                                           std::string_view policy) override;
  Result<TableRef> ensure_columns(PolicyId policy, std::string_view table,
                                  const std::vector<NewColumn>& columns) override;
  Result<std::optional<TableId>> drop_table(PolicyId policy, std::string_view table) override;
  Result<Segment> ensure_segment(PolicyId policy, int64_t time_ns) override;
  Result<void> drop_segments(PolicyId policy, const std::vector<SegmentId>& segments) override;
  Result<void> copy_to(KeyValue& target) const override;
  Result<std::vector<std::string>> check() const override;
  Result<UserRef> create_user(std::string_view name, const PasswordVerifiers& password,
                              bool is_admin) override;
  Result<void> drop_user(std::string_view name) override;
  Result<void> set_password(std::string_view user, const PasswordVerifiers& password) override;
  Result<void> set_admin(std::string_view user, bool is_admin) override;
  Result<void> set_grant(std::string_view user, std::string_view database, Grant grant) override;
  Result<void> create_continuous_query(std::string_view database, std::string_view name,
                                       std::string_view text) override;
  Result<void> drop_continuous_query(std::string_view database, std::string_view name) override;
  Result<void> create_subscription(std::string_view database, std::string_view policy,
                                   Subscription subscription) override;
  Result<void> drop_subscription(std::string_view database, std::string_view policy,
                                 std::string_view name) override;
  std::vector<TableId> live_tables() const override;

 private:
  struct Place {
    DatabaseRef database;
    PolicyRef policy;
  };

  Result<PolicyRef> add_policy(KeyValueTransaction& change, Database& database, Policy policy)
      REQUIRES(changes_);
  Result<void> remove_policy(KeyValueTransaction& change, const Policy& policy,
                             std::vector<TableId>& dropped);
  Result<Place> find(PolicyId policy) const REQUIRES(changes_);
  /// By name; errors in InfluxDB's words.
  Result<Place> find(std::string_view database, std::string_view policy) const REQUIRES(changes_);
  /// Replaces the user of that name by what `edit` makes of it.
  template <class Edit>
  Result<void> change_user(std::string_view name, Edit&& edit);
  /// Takes what was granted on a database away from everyone.
  Result<void> revoke_all(KeyValueTransaction& change, DatabaseId database,
                          std::vector<UserRef>& users);
  /// Commits, then publishes the picture in which this database is as given.
  Result<void> finish(KeyValueTransaction& change, DatabaseRef database) REQUIRES(changes_);
  Result<void> finish(KeyValueTransaction& change, const Place& place, Policy policy)
      REQUIRES(changes_);
  Result<void> finish(KeyValueTransaction& change, std::vector<UserRef> users)
      REQUIRES(changes_);
  void publish(CatalogSnapshot next) REQUIRES(changes_);

  const CatalogLimits limits_;
  std::unique_ptr<KeyValue> key_value_;
  // Held across the commit: that is what makes changes go one at a time. Readers never take it.
  Mutex changes_;
  std::unordered_map<uint32_t, std::string> database_of_policy_ GUARDED_BY(changes_);
  std::unordered_map<uint32_t, size_t> table_count_of_policy_ GUARDED_BY(changes_);

  mutable Mutex published_mutex_;
  CatalogSnapshotRef published_ GUARDED_BY(published_mutex_);
};

}  // namespace varve
