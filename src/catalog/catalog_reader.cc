// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog_reader.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "catalog/records.h"
#include "catalog/standing_records.h"

namespace varve {
namespace {

tl::unexpected<Error> senseless(std::string_view key, std::string_view what) {
  return fail(ErrorCode::kCorrupt,
              "catalog entry makes no sense: " + std::string(key) + ": " + std::string(what));
}

struct StoredPolicy {
  DatabaseId database{};
  std::string key;
  Policy policy;
  // A policy's tables are put in at the end, bucket by bucket: one copy of a bucket for each table
  // would cost the square of their number.
  std::unordered_map<std::string, TableRef> tables;
};

using StoredPolicies = std::map<uint32_t, StoredPolicy>;

Result<StoredPolicies> read_policies(KeyValueTransaction& stored) {
  StoredPolicies policies;
  for (const auto& [key, value] : TRY(stored.scan(kPolicyPrefix))) {
    auto record = TRY(decode_policy(key, value));
    const uint32_t id = raw(record.policy.id);
    policies.emplace(id, StoredPolicy{record.database, key, std::move(record.policy), {}});
  }
  return policies;
}

Result<void> read_tables(KeyValueTransaction& stored, StoredPolicies& policies) {
  for (const auto& [key, value] : TRY(stored.scan(kTablePrefix))) {
    auto record = TRY(decode_table(key, value));
    const auto policy = policies.find(raw(record.policy));
    if (policy == policies.end()) return senseless(key, "its policy does not exist");
    auto table = std::make_shared<const Table>(std::move(record.table));
    const std::string& name = table->name;
    if (!policy->second.tables.emplace(name, table).second) {
      return senseless(key, "another table has its name");
    }
  }
  return {};
}

Result<void> read_subscriptions(KeyValueTransaction& stored, StoredPolicies& policies) {
  for (const auto& [key, value] : TRY(stored.scan(kSubscriptionPrefix))) {
    auto record = TRY(decode_subscription(key, value));
    const auto policy = policies.find(raw(record.policy));
    if (policy == policies.end()) return senseless(key, "its policy does not exist");
    policy->second.policy.subscriptions.push_back(
        std::make_shared<const Subscription>(std::move(record.subscription)));
  }
  // Keys sort as text; ids count.
  for (auto& [id, stored_policy] : policies) {
    std::sort(stored_policy.policy.subscriptions.begin(), stored_policy.policy.subscriptions.end(),
              [](const auto& a, const auto& b) { return raw(a->id) < raw(b->id); });
  }
  return {};
}

using Databases = std::unordered_map<uint32_t, std::shared_ptr<Database>>;

Result<void> read_continuous_queries(KeyValueTransaction& stored, const Databases& databases) {
  for (const auto& [key, value] : TRY(stored.scan(kContinuousQueryPrefix))) {
    auto record = TRY(decode_saved_query(key, value));
    const auto database = databases.find(raw(record.database));
    if (database == databases.end()) return senseless(key, "its database does not exist");
    database->second->continuous_queries.push_back(
        std::make_shared<const SavedQuery>(std::move(record.query)));
  }
  for (const auto& [id, database] : databases) {
    std::sort(database->continuous_queries.begin(), database->continuous_queries.end(),
              [](const auto& a, const auto& b) { return raw(a->id) < raw(b->id); });
  }
  return {};
}

Result<std::vector<UserRef>> read_users(KeyValueTransaction& stored) {
  std::vector<UserRef> users;
  for (const auto& [key, value] : TRY(stored.scan(kUserPrefix))) {
    users.push_back(std::make_shared<const User>(TRY(decode_user(key, value))));
  }
  std::sort(users.begin(), users.end(),
            [](const UserRef& a, const UserRef& b) { return raw(a->id) < raw(b->id); });
  return users;
}

Result<void> read_segments(KeyValueTransaction& stored, StoredPolicies& policies) {
  for (const auto& [key, value] : TRY(stored.scan(kSegmentPrefix))) {
    const auto record = TRY(decode_segment(key, value));
    const auto policy = policies.find(raw(record.policy));
    if (policy == policies.end()) return senseless(key, "its policy does not exist");
    policy->second.policy.segments.push_back(record.segment);
  }
  for (auto& [id, stored_policy] : policies) {
    auto& segments = stored_policy.policy.segments;
    std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) {
      return a.range.begin_ns < b.range.begin_ns;
    });
    for (size_t i = 1; i < segments.size(); ++i) {
      if (segments[i - 1].range.overlaps(segments[i].range)) {
        return senseless(segment_key(PolicyId{id}, segments[i].id), "it overlaps another segment");
      }
    }
  }
  return {};
}

}  // namespace

Result<CatalogSnapshot> read_catalog(KeyValue& key_value) {
  auto stored = TRY(key_value.begin());
  auto policies = TRY(read_policies(*stored));
  TRY_VOID(read_tables(*stored, policies));
  TRY_VOID(read_segments(*stored, policies));
  TRY_VOID(read_subscriptions(*stored, policies));

  CatalogSnapshot picture;
  picture.users = TRY(read_users(*stored));
  Databases databases;
  for (const auto& [key, value] : TRY(stored->scan(kDatabasePrefix))) {
    auto database = std::make_shared<Database>(TRY(decode_database(key, value)));
    databases.emplace(raw(database->id), database);
    const std::string& name = database->name;
    if (!picture.databases.emplace(name, database).second) {
      return senseless(key, "another database has its name");
    }
  }
  TRY_VOID(read_continuous_queries(*stored, databases));
  // In order of id, which is the order of creation.
  for (auto& [id, stored_policy] : policies) {
    const auto database = databases.find(raw(stored_policy.database));
    if (database == databases.end()) {
      return senseless(stored_policy.key, "its database does not exist");
    }
    if (database->second->policy(stored_policy.policy.name)) {
      return senseless(stored_policy.key, "another policy has its name");
    }
    stored_policy.policy.put_tables(std::move(stored_policy.tables));
    database->second->policies.push_back(
        std::make_shared<const Policy>(std::move(stored_policy.policy)));
  }
  return picture;
}

}  // namespace varve
