// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/user_statements.h"

#include <map>
#include <string>
#include <vector>

#include "auth/password.h"
#include "query/influxql/execute/databases.h"

namespace varve::influxql {
namespace {

Grant grant_of(Privilege privilege) {
  switch (privilege) {
    case Privilege::kNone: return Grant::kNone;
    case Privilege::kRead: return Grant::kRead;
    case Privilege::kWrite: return Grant::kWrite;
    case Privilege::kAll: break;
  }
  return Grant::kAll;
}

Privilege privilege_of(Grant grant) {
  switch (grant) {
    case Grant::kNone: return Privilege::kNone;
    case Grant::kRead: return Privilege::kRead;
    case Grant::kWrite: return Privilege::kWrite;
    case Grant::kAll: break;
  }
  return Privilege::kAll;
}

Result<UserRef> find_user(const CatalogSnapshot& snapshot, const std::string& name) {
  UserRef user = snapshot.user(name);
  if (user == nullptr) return fail(ErrorCode::kNotFound, "user not found");
  return user;
}

}  // namespace

// Source: InfluxDB 1.8, meta.Client.CreateUser.
Result<void> execute(const CreateUserStatement& statement, Accounts& accounts) {
  if (statement.name.empty()) return fail(ErrorCode::kInvalidInput, "username required");
  if (const UserRef known = accounts.catalog.snapshot()->user(statement.name)) {
    const bool is_same = known->is_admin == statement.is_admin &&
                         auth::verify_password(statement.password, known->password.argon2id);
    if (is_same) return {};
    return fail(ErrorCode::kAlreadyExists, "user already exists");
  }
  const auto password =
      TRY(auth::make_password_verifiers(statement.password, accounts.random));
  TRY(accounts.catalog.create_user(statement.name, password, statement.is_admin));
  return {};
}

Result<void> execute(const DropUserStatement& statement, Accounts& accounts) {
  return accounts.catalog.drop_user(statement.name);
}

Result<void> execute(const SetPasswordStatement& statement, Accounts& accounts) {
  const auto password =
      TRY(auth::make_password_verifiers(statement.password, accounts.random));
  return accounts.catalog.set_password(statement.user, password);
}

Result<void> execute(const GrantStatement& statement, Accounts& accounts) {
  return accounts.catalog.set_grant(statement.user, statement.database,
                                    grant_of(statement.privilege));
}

Result<void> execute(const GrantAdminStatement& statement, Accounts& accounts) {
  return accounts.catalog.set_admin(statement.user, true);
}

Result<void> execute(const RevokeStatement& statement, Accounts& accounts) {
  const CatalogSnapshotRef snapshot = accounts.catalog.snapshot();
  const UserRef user = TRY(find_user(*snapshot, statement.user));
  Grant left = Grant::kNone;
  if (const DatabaseRef database = snapshot->database(statement.database)) {
    const auto granted = user->grants.find(database->id);
    if (granted != user->grants.end()) {
      left = static_cast<Grant>(static_cast<uint8_t>(granted->second) &
                                ~static_cast<uint8_t>(grant_of(statement.privilege)));
    }
  }
  return accounts.catalog.set_grant(statement.user, statement.database, left);
}

Result<void> execute(const RevokeAdminStatement& statement, Accounts& accounts) {
  return accounts.catalog.set_admin(statement.user, false);
}

Result<void> execute(const ShowUsersStatement&, const Names& names, Answer& answer) {
  std::vector<std::vector<Value>> rows;
  for (const UserRef& user : names.catalog->users) rows.push_back({user->name, user->is_admin});
  return answer.series("", {"user", "admin"}, rows);
}

Result<void> execute(const ShowGrantsStatement& statement, const Names& names, Answer& answer) {
  const UserRef user = TRY(find_user(*names.catalog, statement.user));
  std::map<std::string, Grant> by_name;
  for (const DatabaseRef& database : databases_of(names)) {
    const auto granted = user->grants.find(database->id);
    if (granted != user->grants.end()) by_name.emplace(database->name, granted->second);
  }
  std::vector<std::vector<Value>> rows;
  for (const auto& [database, grant] : by_name) {
    rows.push_back({database, std::string(to_string(privilege_of(grant)))});
  }
  return answer.series("", {"database", "privilege"}, rows);
}

}  // namespace varve::influxql
