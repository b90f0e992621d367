// SPDX-License-Identifier: Apache-2.0
// Who may do what.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "model/ids.h"

namespace varve {

enum class UserId : uint32_t {};

/// What a user may do in a database. kRead and kWrite are bits: both are kAll.
enum class Grant : uint8_t { kNone = 0, kRead = 1, kWrite = 2, kAll = 3 };

/// What verifies a password; never the password.
struct PasswordVerifiers {
  std::string argon2id = {};  ///< auth/password.h
  /// auth/scram.h; empty for users whom an earlier version made.
  std::string scram_sha_256 = {};
};

struct User {
  UserId id{};
  std::string name;
  PasswordVerifiers password;
  bool is_admin = false;
  /// Databases that were named in a GRANT or REVOKE, kNone included.
  std::map<DatabaseId, Grant> grants;
};
using UserRef = std::shared_ptr<const User>;

/// Whether the user may do all of `wanted` in the database. Everybody may do kNone.
inline bool may(const User& user, DatabaseId database, Grant wanted) {
  if (user.is_admin || wanted == Grant::kNone) return true;
  const auto granted = user.grants.find(database);
  return granted != user.grants.end() && (static_cast<uint8_t>(granted->second) &
                                          static_cast<uint8_t>(wanted)) ==
                                             static_cast<uint8_t>(wanted);
}
/// Whether the user may read or write there, and so may know that the database exists.
inline bool may_see(const User& user, DatabaseId database) {
  return may(user, database, Grant::kRead) || may(user, database, Grant::kWrite);
}

}  // namespace varve
