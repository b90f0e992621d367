// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/authorize.h"

#include <string>

#include "query/influxql/ast_text.h"
#include "query/influxql/statement_facts.h"

namespace varve::influx {
namespace {

std::mutex first_user_mutex;

tl::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorCode::kForbidden, "error authorizing query: " + std::string(why));
}

Grant grant_of(influxql::Privilege privilege) {
  switch (privilege) {
    case influxql::Privilege::kNone: return Grant::kNone;
    case influxql::Privilege::kRead: return Grant::kRead;
    case influxql::Privilege::kWrite: return Grant::kWrite;
    case influxql::Privilege::kAll: break;
  }
  return Grant::kAll;
}

// Source: InfluxDB 1.8, meta.QueryAuthorizer.
Result<void> authorize_first(const CatalogSnapshot& catalog,
                             const std::vector<influxql::Statement>& statements) {
  if (!catalog.users.empty()) {
    return fail(ErrorCode::kUnauthenticated, "unable to parse authentication credentials");
  }
  const auto* creates =
      statements.empty() ? nullptr
                         : std::get_if<influxql::CreateUserStatement>(&statements.front());
  if (creates != nullptr && creates->is_admin) return {};
  return refuse("create admin user first or disable authentication");
}

Result<void> authorize(const auth::Identity& who, const CatalogSnapshot& catalog,
                       const influxql::Statement& statement, std::string_view database) {
  const auto denied = [&](std::string_view needed) {
    return refuse(std::string(who.name()) + " not authorized to execute statement '" +
                  to_string(statement) + "', requires " + std::string(needed));
  };
  for (const auto& needed : required_privileges(statement)) {
    if (needed.is_admin) return denied("admin privilege");
    const std::string_view where = needed.database.empty() ? database : needed.database;
    if (who.may(catalog, where, grant_of(needed.privilege))) continue;
    return denied(std::string(to_string(needed.privilege)) + " on " + std::string(where));
  }
  return {};
}

}  // namespace

Result<void> authorize(const auth::Identity& who, const CatalogSnapshot& catalog,
                       const std::vector<influxql::Statement>& statements,
                       std::string_view database) {
  if (who.is_before_users()) return authorize_first(catalog, statements);
  if (who.is_admin()) return {};
  for (const auto& statement : statements) {
    TRY_VOID(authorize(who, catalog, statement, database));
  }
  return {};
}

FirstUserLock::FirstUserLock(const auth::Identity& who) {
  if (who.is_before_users()) lock_ = std::unique_lock(first_user_mutex);
}

}  // namespace varve::influx
