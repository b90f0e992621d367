// SPDX-License-Identifier: Apache-2.0
// The stored form of users, continuous queries and subscriptions; as in records.h.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/standing.h"
#include "catalog/user.h"

namespace varve {

inline constexpr std::string_view kUserPrefix = "user/";
inline constexpr std::string_view kContinuousQueryPrefix = "cq/";
inline constexpr std::string_view kSubscriptionPrefix = "subscription/";

struct SavedQueryRecord {
  DatabaseId database{};
  SavedQuery query;
};
struct SubscriptionRecord {
  PolicyId policy{};
  Subscription subscription;
};

std::string user_key(UserId id);
std::string continuous_query_key(DatabaseId database, SavedQueryId id);
std::string subscription_key(PolicyId policy, SubscriptionId id);

std::string encode_user(const User& user);
std::string encode_saved_query(const SavedQuery& query);
std::string encode_subscription(const Subscription& subscription);

Result<User> decode_user(std::string_view key, std::string_view value);
Result<SavedQueryRecord> decode_saved_query(std::string_view key, std::string_view value);
Result<SubscriptionRecord> decode_subscription(std::string_view key, std::string_view value);

}  // namespace varve
