// SPDX-License-Identifier: Apache-2.0
// Who asks, and so what is allowed: what every door asks before it does something for a client.
#pragma once

#include <string_view>

#include "base/result.h"
#include "catalog/snapshot.h"
#include "catalog/user.h"

namespace varve::auth {

/// A value. Threads: safe anywhere.
class Identity {
 public:
  /// Everybody may do everything: the server asks nobody.
  static Identity unasked() { return Identity(Kind::kUnasked, nullptr); }
  /// Somebody who may do nothing but make the first administrator: there are no users yet.
  static Identity before_users() { return Identity(Kind::kBeforeUsers, nullptr); }
  static Identity of(UserRef user) { return Identity(Kind::kUser, std::move(user)); }

  bool is_before_users() const { return kind_ == Kind::kBeforeUsers; }
  bool is_admin() const { return kind_ == Kind::kUnasked || (user_ && user_->is_admin); }
  /// Null when there is none, as before users or where nobody is asked.
  const UserRef& user() const { return user_; }
  /// Empty without a user.
  std::string_view name() const { return user_ ? std::string_view(user_->name) : ""; }
  /// The user whose grants limit what is seen; null when everything is.
  UserRef limited_to() const { return is_admin() ? nullptr : user_; }

  /// Whether all of `wanted` is allowed in the database, which may not exist.
  bool may(const CatalogSnapshot& catalog, std::string_view database, Grant wanted) const;

  /// kForbidden, in InfluxDB's words for /write.
  Result<void> check_write(const CatalogSnapshot& catalog, std::string_view database) const;
  /// kForbidden, in InfluxDB's words for Prometheus' remote read.
  Result<void> check_read(const CatalogSnapshot& catalog, std::string_view database) const;
  /// kForbidden unless an administrator asks.
  Result<void> check_admin() const;

 private:
  enum class Kind : uint8_t { kUnasked, kBeforeUsers, kUser };
  Identity(Kind kind, UserRef user) : kind_(kind), user_(std::move(user)) {}

  Kind kind_;
  UserRef user_;
};

}  // namespace varve::auth
