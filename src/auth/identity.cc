// SPDX-License-Identifier: Apache-2.0
#include "auth/identity.h"

#include <string>

namespace varve::auth {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

bool Identity::may(const CatalogSnapshot& catalog, std::string_view database, Grant wanted) const {
  if (is_admin()) return true;
  if (!user_) return false;
  if (wanted == Grant::kNone) return true;
  const auto known = catalog.database(database);
  return known && varve::may(*user_, known->id, wanted);
}

// Source: InfluxDB 1.8, services/httpd, serveWrite.
Result<void> Identity::check_write(const CatalogSnapshot& catalog,
                                   std::string_view database) const {
  if (may(catalog, database, Grant::kWrite)) return {};
  if (!user_) {
    return fail(ErrorCode::kForbidden, "user is required to write to database " + quoted(database));
  }
  return fail(ErrorCode::kForbidden, quoted(user_->name) +
                                         " user is not authorized to write to database " +
                                         quoted(database));
}

// Source: InfluxDB 1.8, services/httpd, servePromRead.
Result<void> Identity::check_read(const CatalogSnapshot& catalog,
                                  std::string_view database) const {
  if (may(catalog, database, Grant::kRead)) return {};
  if (!user_) {
    return fail(ErrorCode::kForbidden,
                "user is required to read from database " + quoted(database));
  }
  return fail(ErrorCode::kForbidden, "user " + quoted(user_->name) +
                                         " is not authorized to read from database " +
                                         quoted(database));
}

Result<void> Identity::check_admin() const {
  if (is_admin()) return {};
  if (!user_) {
    return fail(ErrorCode::kForbidden, "create admin user first or disable authentication");
  }
  return fail(ErrorCode::kForbidden,
              "user " + quoted(user_->name) + " is no administrator, and this needs one");
}

}  // namespace varve::auth
