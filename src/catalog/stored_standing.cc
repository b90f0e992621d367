// SPDX-License-Identifier: Apache-2.0
// The part of StoredCatalog that is about users, continuous queries and subscriptions.
#include <algorithm>
#include <cctype>
#include <utility>

#include "catalog/next_id.h"
#include "catalog/standing_records.h"
#include "catalog/stored_catalog.h"

namespace varve {
namespace {

tl::unexpected<Error> no_user() { return fail(ErrorCode::kNotFound, "user not found"); }

bool equals_in_any_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

template <class Refs>
auto find_named(Refs& entries, std::string_view name) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const auto& entry) { return entry->name == name; });
}

}  // namespace

Result<UserRef> StoredCatalog::create_user(std::string_view name,
                                           const PasswordVerifiers& password, bool is_admin) {
  if (name.empty()) return fail(ErrorCode::kInvalidInput, "username required");
  const MutexLock lock(changes_);
  std::vector<UserRef> users = snapshot()->users;
  if (find_named(users, name) != users.end()) {
    return fail(ErrorCode::kAlreadyExists, "user already exists");
  }
  auto change = TRY(key_value_->begin());
  auto user = std::make_shared<User>();
  user->id = UserId{TRY(take_id(*change, "user"))};
  user->name = name;
  user->password = password;
  user->is_admin = is_admin;
  TRY_VOID(change->put(user_key(user->id), encode_user(*user)));
  users.push_back(user);
  TRY_VOID(finish(*change, std::move(users)));
  return UserRef(user);
}

Result<void> StoredCatalog::drop_user(std::string_view name) {
  const MutexLock lock(changes_);
  std::vector<UserRef> users = snapshot()->users;
  const auto known = find_named(users, name);
  if (known == users.end()) return no_user();
  auto change = TRY(key_value_->begin());
  TRY_VOID(change->remove(user_key((*known)->id)));
  users.erase(known);
  return finish(*change, std::move(users));
}

template <class Edit>
Result<void> StoredCatalog::change_user(std::string_view name, Edit&& edit) {
  const MutexLock lock(changes_);
  std::vector<UserRef> users = snapshot()->users;
  const auto known = find_named(users, name);
  if (known == users.end()) return no_user();
  auto user = std::make_shared<User>(**known);
  TRY_VOID(edit(*user));
  auto change = TRY(key_value_->begin());
  TRY_VOID(change->put(user_key(user->id), encode_user(*user)));
  *known = std::move(user);
  return finish(*change, std::move(users));
}

Result<void> StoredCatalog::set_password(std::string_view user,
                                         const PasswordVerifiers& password) {
  return change_user(user, [&](User& changed) -> Result<void> {
    changed.password = password;
    return {};
  });
}

Result<void> StoredCatalog::set_admin(std::string_view user, bool is_admin) {
  return change_user(user, [&](User& changed) -> Result<void> {
    changed.is_admin = is_admin;
    return {};
  });
}

Result<void> StoredCatalog::set_grant(std::string_view user, std::string_view database_name,
                                      Grant grant) {
  return change_user(user, [&](User& changed) -> Result<void> {
    const auto database = snapshot()->database(database_name);
    if (!database) return no_database(database_name);
    changed.grants[database->id] = grant;
    return {};
  });
}

Result<void> StoredCatalog::revoke_all(KeyValueTransaction& change, DatabaseId database,
                                       std::vector<UserRef>& users) {
  for (UserRef& entry : users) {
    if (!entry->grants.contains(database)) continue;
    auto user = std::make_shared<User>(*entry);
    user->grants.erase(database);
    TRY_VOID(change.put(user_key(user->id), encode_user(*user)));
    entry = std::move(user);
  }
  return {};
}

Result<void> StoredCatalog::create_continuous_query(std::string_view database_name,
                                                    std::string_view name,
                                                    std::string_view text) {
  const MutexLock lock(changes_);
  const auto before = snapshot()->database(database_name);
  if (!before) return no_database(database_name);
  Database database = *before;
  auto& queries = database.continuous_queries;
  if (const auto known = find_named(queries, name); known != queries.end()) {
    if (equals_in_any_case((*known)->text, text)) return {};
    return fail(ErrorCode::kAlreadyExists, "continuous query already exists");
  }
  auto change = TRY(key_value_->begin());
  auto query = std::make_shared<SavedQuery>();
  query->id = SavedQueryId{TRY(take_id(*change, "cq"))};
  query->name = name;
  query->text = text;
  TRY_VOID(change->put(continuous_query_key(database.id, query->id), encode_saved_query(*query)));
  queries.push_back(std::move(query));
  return finish(*change, std::make_shared<const Database>(std::move(database)));
}

Result<void> StoredCatalog::drop_continuous_query(std::string_view database_name,
                                                  std::string_view name) {
  const MutexLock lock(changes_);
  const auto before = snapshot()->database(database_name);
  if (!before) return {};
  Database database = *before;
  const auto known = find_named(database.continuous_queries, name);
  if (known == database.continuous_queries.end()) return {};
  auto change = TRY(key_value_->begin());
  TRY_VOID(change->remove(continuous_query_key(database.id, (*known)->id)));
  database.continuous_queries.erase(known);
  return finish(*change, std::make_shared<const Database>(std::move(database)));
}

Result<void> StoredCatalog::create_subscription(std::string_view database,
                                                std::string_view policy_name,
                                                Subscription subscription) {
  const MutexLock lock(changes_);
  const auto place = TRY(find(database, policy_name));
  Policy policy = *place.policy;
  if (find_named(policy.subscriptions, subscription.name) != policy.subscriptions.end()) {
    return fail(ErrorCode::kAlreadyExists, "subscription already exists");
  }
  auto change = TRY(key_value_->begin());
  subscription.id = SubscriptionId{TRY(take_id(*change, "subscription"))};
  TRY_VOID(change->put(subscription_key(policy.id, subscription.id),
                       encode_subscription(subscription)));
  policy.subscriptions.push_back(std::make_shared<const Subscription>(std::move(subscription)));
  return finish(*change, place, std::move(policy));
}

Result<void> StoredCatalog::drop_subscription(std::string_view database,
                                              std::string_view policy_name,
                                              std::string_view name) {
  const MutexLock lock(changes_);
  const auto place = TRY(find(database, policy_name));
  Policy policy = *place.policy;
  const auto known = find_named(policy.subscriptions, name);
  if (known == policy.subscriptions.end()) {
    return fail(ErrorCode::kNotFound, "subscription not found");
  }
  auto change = TRY(key_value_->begin());
  TRY_VOID(change->remove(subscription_key(policy.id, (*known)->id)));
  policy.subscriptions.erase(known);
  return finish(*change, place, std::move(policy));
}

Result<void> StoredCatalog::finish(KeyValueTransaction& change, std::vector<UserRef> users) {
  TRY_VOID(change.commit());
  CatalogSnapshot next = *snapshot();
  next.users = std::move(users);
  publish(std::move(next));
  return {};
}

}  // namespace varve
