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

struct User {
  UserId id{};
  std::string name;
  /// What verifies the password (auth/password.h); never the password.
  std::string password_hash;
  bool is_admin = false;
  /// Databases that were named in a GRANT or REVOKE, kNone included.
  std::map<DatabaseId, Grant> grants;
};
using UserRef = std::shared_ptr<const User>;

}  // namespace varve
