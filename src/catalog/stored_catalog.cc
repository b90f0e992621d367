// SPDX-License-Identifier: Apache-2.0
#include "catalog/stored_catalog.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "catalog/catalog_reader.h"
#include "catalog/names.h"
#include "catalog/policy_rules.h"
#include "catalog/next_id.h"
#include "catalog/records.h"
#include "catalog/standing_records.h"

namespace varve {
namespace {

tl::unexpected<Error> invalid_name() { return fail(ErrorCode::kInvalidInput, "invalid name"); }

tl::unexpected<Error> policy_conflict() {
  return fail(ErrorCode::kConflict, "retention policy conflicts with an existing policy");
}

// Replaces the policy of the same id.
void put_policy(Database& database, PolicyRef policy) {
  for (auto& entry : database.policies) {
    if (entry->id == policy->id) {
      entry = std::move(policy);
      return;
    }
  }
  CHECK(false);
}

// Which of the columns the table lacks, each once.
std::vector<Column> missing_columns(const Table& table, const std::vector<NewColumn>& wanted) {
  const auto identity = [](const auto& column) {
    return std::string{static_cast<char>(column.kind), static_cast<char>(column.type)} +
           column.name;
  };
  std::unordered_map<std::string, bool> known;
  for (const auto& column : table.columns) known.emplace(identity(column), true);
  std::vector<Column> missing;
  for (const auto& column : wanted) {
    if (!known.emplace(identity(column), true).second) continue;
    const auto id = static_cast<uint32_t>(table.columns.size() + missing.size() + 1);
    missing.push_back({ColumnId{id}, column.name, column.kind, column.type});
  }
  return missing;
}

}  // namespace

StoredCatalog::StoredCatalog(std::unique_ptr<KeyValue> key_value, const CatalogLimits& limits)
    : limits_(limits),
      key_value_(std::move(key_value)),
      published_(std::make_shared<CatalogSnapshot>()) {}

Result<void> StoredCatalog::load() {
  const MutexLock lock(changes_);
  auto picture = TRY(read_catalog(*key_value_));
  for (const auto& [name, database] : picture.databases) {
    for (const auto& policy : database->policies) {
      database_of_policy_.emplace(raw(policy->id), name);
      table_count_of_policy_.emplace(raw(policy->id), policy->tables().size());
    }
  }
  publish(std::move(picture));
  return {};
}

CatalogSnapshotRef StoredCatalog::snapshot() const {
  const MutexLock lock(published_mutex_);
  return published_;
}

Result<DatabaseRef> StoredCatalog::create_database(std::string_view name,
                                                   const std::optional<PolicySpec>& policy) {
  if (!is_valid_name(name)) return invalid_name();
  PolicySpec spec = policy.value_or(PolicySpec{});
  if (spec.name.empty()) spec.name = kDefaultPolicyName;
  if (!is_valid_name(spec.name)) return invalid_name();
  auto wanted = TRY(make_policy(spec));

  const MutexLock lock(changes_);
  const auto existing = snapshot()->database(name);
  if (existing && !policy) return existing;
  if (existing && !existing->policies.empty()) {
    const auto same = existing->policy(spec.name);
    const bool agrees =
        same && is_same_policy(spec, *same) && existing->default_policy == spec.name;
    if (!agrees) return policy_conflict();
    return existing;
  }

  auto change = TRY(key_value_->begin());
  Database database = existing ? *existing : Database{};
  if (!existing) {
    database.id = DatabaseId{TRY(take_id(*change, "db"))};
    database.name = name;
  }
  database.default_policy = spec.name;
  TRY_VOID(change->put(database_key(database.id), encode_database(database)));
  TRY_VOID(add_policy(*change, database, std::move(wanted)));
  auto created = std::make_shared<const Database>(std::move(database));
  TRY_VOID(finish(*change, created));
  return created;
}

Result<std::vector<TableId>> StoredCatalog::drop_database(std::string_view name) {
  const MutexLock lock(changes_);
  std::vector<TableId> dropped;
  const auto before = snapshot();
  const auto database = before->database(name);
  if (!database) return dropped;
  auto change = TRY(key_value_->begin());
  for (const auto& policy : database->policies) {
    TRY_VOID(remove_policy(*change, *policy, dropped));
  }
  for (const auto& query : database->continuous_queries) {
    TRY_VOID(change->remove(continuous_query_key(database->id, query->id)));
  }
  TRY_VOID(change->remove(database_key(database->id)));
  CatalogSnapshot next = *before;
  TRY_VOID(revoke_all(*change, database->id, next.users));
  TRY_VOID(change->commit());
  for (const auto& policy : database->policies) {
    database_of_policy_.erase(raw(policy->id));
    table_count_of_policy_.erase(raw(policy->id));
  }
  next.databases.erase(std::string(name));
  publish(std::move(next));
  return dropped;
}

Result<PolicyRef> StoredCatalog::create_policy(std::string_view database_name,
                                               const PolicySpec& spec) {
  if (!is_valid_name(spec.name)) return invalid_name();
  const MutexLock lock(changes_);
  const auto before = snapshot()->database(database_name);
  if (!before) return no_database(database_name);
  auto wanted = TRY(make_policy(spec));
  if (const auto existing = before->policy(spec.name)) {
    if (existing->duration_ns != wanted.duration_ns ||
        existing->segment_duration_ns != wanted.segment_duration_ns ||
        existing->replica_count != wanted.replica_count) {
      return fail(ErrorCode::kAlreadyExists, "retention policy already exists");
    }
    if (spec.make_default && before->default_policy != spec.name) return policy_conflict();
    return existing;
  }
  auto change = TRY(key_value_->begin());
  Database database = *before;
  if (spec.make_default) {
    database.default_policy = spec.name;
    TRY_VOID(change->put(database_key(database.id), encode_database(database)));
  }
  auto created = TRY(add_policy(*change, database, std::move(wanted)));
  TRY_VOID(finish(*change, std::make_shared<const Database>(std::move(database))));
  return created;
}

Result<PolicyRef> StoredCatalog::alter_policy(std::string_view database_name,
                                              const PolicySpec& changes,
                                              const std::optional<std::string>& new_name) {
  if (new_name && !is_valid_name(*new_name)) return invalid_name();
  const MutexLock lock(changes_);
  const auto before = snapshot()->database(database_name);
  if (!before) return no_database(database_name);
  const auto existing = before->policy(changes.name);
  if (!existing) {
    return fail(ErrorCode::kNotFound, "retention policy not found: " + changes.name);
  }
  if (new_name && *new_name != changes.name && before->policy(*new_name)) {
    return fail(ErrorCode::kAlreadyExists, "retention policy name already exists");
  }
  auto changed = TRY(changed_policy(*existing, changes));
  Database database = *before;
  if (new_name) {
    changed.name = *new_name;
    if (database.default_policy == changes.name) database.default_policy = *new_name;
  }
  if (changes.make_default) database.default_policy = changed.name;

  auto change = TRY(key_value_->begin());
  TRY_VOID(change->put(policy_key(changed.id), encode_policy(database.id, changed)));
  TRY_VOID(change->put(database_key(database.id), encode_database(database)));
  auto policy = std::make_shared<const Policy>(std::move(changed));
  put_policy(database, policy);
  TRY_VOID(finish(*change, std::make_shared<const Database>(std::move(database))));
  return policy;
}

Result<std::vector<TableId>> StoredCatalog::drop_policy(std::string_view database_name,
                                                        std::string_view policy_name) {
  const MutexLock lock(changes_);
  std::vector<TableId> dropped;
  const auto before = snapshot()->database(database_name);
  const auto policy = before ? before->policy(policy_name) : nullptr;
  if (!policy) return dropped;
  auto change = TRY(key_value_->begin());
  TRY_VOID(remove_policy(*change, *policy, dropped));
  Database database = *before;
  std::erase(database.policies, policy);
  TRY_VOID(finish(*change, std::make_shared<const Database>(std::move(database))));
  database_of_policy_.erase(raw(policy->id));
  table_count_of_policy_.erase(raw(policy->id));
  return dropped;
}

Result<TableRef> StoredCatalog::ensure_columns(PolicyId policy_id, std::string_view table_name,
                                               const std::vector<NewColumn>& columns) {
  const MutexLock lock(changes_);
  const auto place = TRY(find(policy_id));
  const auto existing = place.policy->table(table_name);
  Table table = existing ? *existing : Table{};
  const auto missing = missing_columns(table, columns);
  if (existing && missing.empty()) return existing;
  if (table.columns.size() + missing.size() > limits_.columns_per_table_max) {
    return fail(ErrorCode::kTooLarge,
                "measurement would have too many columns: " + std::string(table_name) +
                    ", columns_per_table_max=" + std::to_string(limits_.columns_per_table_max));
  }
  size_t& table_count = table_count_of_policy_[raw(policy_id)];
  if (!existing && table_count >= limits_.tables_per_policy_max) {
    return fail(ErrorCode::kTooLarge,
                "retention policy would have too many measurements: " + place.policy->name +
                    ", tables_per_policy_max=" + std::to_string(limits_.tables_per_policy_max));
  }
  auto change = TRY(key_value_->begin());
  if (!existing) {
    table.id = TableId{TRY(take_id(*change, "table"))};
    table.name = table_name;
  }
  table.columns.insert(table.columns.end(), missing.begin(), missing.end());
  TRY_VOID(change->put(table_key(policy_id, table.id), encode_table(table)));
  const auto changed = std::make_shared<const Table>(std::move(table));
  Policy policy = *place.policy;
  policy.put_table(changed);
  TRY_VOID(finish(*change, place, std::move(policy)));
  if (!existing) ++table_count;
  return changed;
}

Result<std::optional<TableId>> StoredCatalog::drop_table(PolicyId policy_id,
                                                         std::string_view table_name) {
  const MutexLock lock(changes_);
  const auto place = find(policy_id);
  const auto table = place ? place->policy->table(table_name) : nullptr;
  if (!table) return std::nullopt;
  auto change = TRY(key_value_->begin());
  TRY_VOID(change->remove(table_key(policy_id, table->id)));
  Policy policy = *place->policy;
  policy.remove_table(table_name);
  TRY_VOID(finish(*change, *place, std::move(policy)));
  --table_count_of_policy_[raw(policy_id)];
  return table->id;
}

Result<Segment> StoredCatalog::ensure_segment(PolicyId policy_id, int64_t time_ns) {
  if (time_ns < kTimeMin || time_ns > kTimeMax) {
    return fail(ErrorCode::kInvalidInput, "time outside range: " + std::to_string(time_ns));
  }
  const MutexLock lock(changes_);
  const auto place = TRY(find(policy_id));
  if (const auto* existing = place.policy->segment_at(time_ns)) return *existing;
  auto change = TRY(key_value_->begin());
  Segment segment;
  segment.id = SegmentId{TRY(take_id(*change, "segment"))};
  segment.range =
      new_segment_range(place.policy->segments, place.policy->segment_duration_ns, time_ns);
  TRY_VOID(change->put(segment_key(policy_id, segment.id), encode_segment(segment)));
  Policy policy = *place.policy;
  const auto after = std::find_if(policy.segments.begin(), policy.segments.end(), [&](auto& other) {
    return other.range.begin_ns > segment.range.begin_ns;
  });
  policy.segments.insert(after, segment);
  TRY_VOID(finish(*change, place, std::move(policy)));
  return segment;
}

Result<void> StoredCatalog::drop_segments(PolicyId policy_id,
                                          const std::vector<SegmentId>& segments) {
  const MutexLock lock(changes_);
  const auto place = find(policy_id);
  if (!place) return {};  // It went with its policy.
  auto change = TRY(key_value_->begin());
  Policy policy = *place->policy;
  const size_t count_before = policy.segments.size();
  for (const SegmentId id : segments) {
    const auto known = std::find_if(policy.segments.begin(), policy.segments.end(),
                                    [&](const Segment& segment) { return segment.id == id; });
    if (known == policy.segments.end()) continue;
    TRY_VOID(change->remove(segment_key(policy_id, id)));
    policy.segments.erase(known);
  }
  if (policy.segments.size() == count_before) return {};
  return finish(*change, *place, std::move(policy));
}

Result<void> StoredCatalog::copy_to(KeyValue& target) const {
  std::vector<std::pair<std::string, std::string>> entries;
  {
    const auto reading = TRY(key_value_->begin());
    entries = TRY(reading->scan(""));
  }
  const auto copy = TRY(target.begin());
  if (!TRY(copy->scan("")).empty()) {
    return fail(ErrorCode::kAlreadyExists, "the catalog can be copied into an empty store only");
  }
  for (const auto& [key, value] : entries) TRY_VOID(copy->put(key, value));
  return copy->commit();
}

Result<std::vector<std::string>> StoredCatalog::check() const {
  auto complaints = TRY(key_value_->check());
  if (const auto read = read_catalog(*key_value_); !read) {
    complaints.push_back(read.error().message);
  }
  return complaints;
}

std::vector<TableId> StoredCatalog::live_tables() const {
  std::vector<TableId> live;
  for (const auto& [name, database] : snapshot()->databases) {
    for (const auto& policy : database->policies) {
      for (const auto& bucket : policy->buckets) {
        if (!bucket) continue;
        for (const auto& [table_name, table] : *bucket) live.push_back(table->id);
      }
    }
  }
  return live;
}

Result<PolicyRef> StoredCatalog::add_policy(KeyValueTransaction& change, Database& database,
                                            Policy policy) {
  policy.id = PolicyId{TRY(take_id(change, "policy"))};
  TRY_VOID(change.put(policy_key(policy.id), encode_policy(database.id, policy)));
  auto added = std::make_shared<const Policy>(std::move(policy));
  database.policies.push_back(added);
  return added;
}

Result<void> StoredCatalog::remove_policy(KeyValueTransaction& change, const Policy& policy,
                                          std::vector<TableId>& dropped) {
  for (const auto& table : policy.tables()) {
    TRY_VOID(change.remove(table_key(policy.id, table->id)));
    dropped.push_back(table->id);
  }
  for (const auto& segment : policy.segments) {
    TRY_VOID(change.remove(segment_key(policy.id, segment.id)));
  }
  for (const auto& subscription : policy.subscriptions) {
    TRY_VOID(change.remove(subscription_key(policy.id, subscription->id)));
  }
  return change.remove(policy_key(policy.id));
}

Result<StoredCatalog::Place> StoredCatalog::find(PolicyId policy_id) const {
  const auto name = database_of_policy_.find(raw(policy_id));
  if (name != database_of_policy_.end()) {
    const auto database = snapshot()->database(name->second);
    for (const auto& policy : database->policies) {
      if (policy->id == policy_id) return Place{database, policy};
    }
  }
  return fail(ErrorCode::kNotFound, "retention policy not found: it was dropped");
}

Result<void> StoredCatalog::finish(KeyValueTransaction& change, DatabaseRef database) {
  TRY_VOID(change.commit());
  for (const auto& policy : database->policies) {
    database_of_policy_.try_emplace(raw(policy->id), database->name);
  }
  CatalogSnapshot next = *snapshot();
  next.databases.insert_or_assign(database->name, std::move(database));
  publish(std::move(next));
  return {};
}

Result<StoredCatalog::Place> StoredCatalog::find(std::string_view database_name,
                                                 std::string_view policy_name) const {
  const auto database = snapshot()->database(database_name);
  if (!database) return no_database(database_name);
  const auto policy = database->policy(policy_name);
  if (!policy) {
    return fail(ErrorCode::kNotFound, "retention policy not found: " + std::string(policy_name));
  }
  return Place{database, policy};
}

Result<void> StoredCatalog::finish(KeyValueTransaction& change, const Place& place, Policy policy) {
  Database database = *place.database;
  put_policy(database, std::make_shared<const Policy>(std::move(policy)));
  return finish(change, std::make_shared<const Database>(std::move(database)));
}

void StoredCatalog::publish(CatalogSnapshot next) {
  auto picture = std::make_shared<CatalogSnapshot>(std::move(next));
  const MutexLock lock(published_mutex_);
  picture->version = published_->version + 1;
  published_ = std::move(picture);
}

Result<std::unique_ptr<Catalog>> open_catalog(std::unique_ptr<KeyValue> key_value,
                                              const CatalogLimits& limits) {
  auto catalog = std::make_unique<StoredCatalog>(std::move(key_value), limits);
  TRY_VOID(catalog->load());
  return catalog;
}

}  // namespace varve
