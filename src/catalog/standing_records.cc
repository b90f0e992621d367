// SPDX-License-Identifier: Apache-2.0
#include "catalog/standing_records.h"

#include <utility>

#include "catalog/record_json.h"

namespace varve {
namespace {

using namespace record;

struct GrantWord {
  Grant grant;
  std::string_view word;
};
constexpr GrantWord kGrantWords[] = {{Grant::kNone, "none"},
                                     {Grant::kRead, "read"},
                                     {Grant::kWrite, "write"},
                                     {Grant::kAll, "all"}};

std::string_view word_of(Grant grant) {
  for (const auto& entry : kGrantWords) {
    if (entry.grant == grant) return entry.word;
  }
  return "none";
}

// [3,"read"]
Result<std::pair<DatabaseId, Grant>> decode_grant(const Record& record, const json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_unsigned()) {
    return record.corrupt("a grant is no pair");
  }
  const auto id = pair[0].get<uint64_t>();
  const auto word = TRY(record.text(pair[1]));
  if (id == 0 || id > uint64_t{kIdMax}) return record.corrupt("a grant names no database");
  for (const auto& entry : kGrantWords) {
    if (entry.word == word) return std::pair(DatabaseId{static_cast<uint32_t>(id)}, entry.grant);
  }
  return record.corrupt("unknown grant: " + word);
}

}  // namespace

std::string user_key(UserId id) { return std::string(kUserPrefix) + id_text(id); }
std::string continuous_query_key(DatabaseId database, SavedQueryId id) {
  return std::string(kContinuousQueryPrefix) + id_text(database) + "/" + id_text(id);
}
std::string subscription_key(PolicyId policy, SubscriptionId id) {
  return std::string(kSubscriptionPrefix) + id_text(policy) + "/" + id_text(id);
}

std::string encode_user(const User& user) {
  std::string members = "\"name\":";
  append_text(members, user.name);
  members += ",\"password_hash\":";
  append_text(members, user.password.argon2id);
  if (!user.password.scram_sha_256.empty()) {
    members += ",\"scram\":";
    append_text(members, user.password.scram_sha_256);
  }
  members += user.is_admin ? ",\"admin\":true" : ",\"admin\":false";
  members += ",\"grants\":[";
  bool is_first = true;
  for (const auto& [database, grant] : user.grants) {
    if (!std::exchange(is_first, false)) members += ',';
    members += '[' + id_text(database) + ",\"" + std::string(word_of(grant)) + "\"]";
  }
  return object(members + "]");
}

std::string encode_saved_query(const SavedQuery& query) {
  std::string members = "\"name\":";
  append_text(members, query.name);
  members += ",\"text\":";
  append_text(members, query.text);
  return object(members);
}

std::string encode_subscription(const Subscription& subscription) {
  std::string members = "\"name\":";
  append_text(members, subscription.name);
  members += ",\"mode\":";
  append_text(members, subscription.mode);
  members += ",\"destinations\":[";
  bool is_first = true;
  for (const std::string& destination : subscription.destinations) {
    if (!std::exchange(is_first, false)) members += ',';
    append_text(members, destination);
  }
  return object(members + "]");
}

Result<User> decode_user(std::string_view key, std::string_view value) {
  const Record record(key);
  const auto ids = TRY(record.ids(kUserPrefix, 1));
  const auto members = TRY(record.parse(value));
  User user;
  user.id = UserId{ids[0]};
  user.name = TRY(record.text(members, "name"));
  user.password.argon2id = TRY(record.text(members, "password_hash"));
  // Users whom an earlier version made have none.
  if (members.contains("scram")) user.password.scram_sha_256 = TRY(record.text(members, "scram"));
  user.is_admin = TRY(record.flag(members, "admin"));
  for (const json& pair : TRY(record.list(members, "grants"))) {
    user.grants.insert(TRY(decode_grant(record, pair)));
  }
  return user;
}

Result<SavedQueryRecord> decode_saved_query(std::string_view key, std::string_view value) {
  const Record record(key);
  const auto ids = TRY(record.ids(kContinuousQueryPrefix, 2));
  const auto members = TRY(record.parse(value));
  SavedQueryRecord found;
  found.database = DatabaseId{ids[0]};
  found.query.id = SavedQueryId{ids[1]};
  found.query.name = TRY(record.text(members, "name"));
  found.query.text = TRY(record.text(members, "text"));
  return found;
}

Result<SubscriptionRecord> decode_subscription(std::string_view key, std::string_view value) {
  const Record record(key);
  const auto ids = TRY(record.ids(kSubscriptionPrefix, 2));
  const auto members = TRY(record.parse(value));
  SubscriptionRecord found;
  found.policy = PolicyId{ids[0]};
  found.subscription.id = SubscriptionId{ids[1]};
  found.subscription.name = TRY(record.text(members, "name"));
  found.subscription.mode = TRY(record.text(members, "mode"));
  for (const json& destination : TRY(record.list(members, "destinations"))) {
    found.subscription.destinations.push_back(TRY(record.text(destination)));
  }
  return found;
}

}  // namespace varve
