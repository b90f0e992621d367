// SPDX-License-Identifier: Apache-2.0
// Statements that make, change, drop and list users and what they may do. Who may run them is for
// the doors to check.
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "io/random.h"
#include "query/influxql/ast.h"
#include "query/influxql/execute/answer.h"
#include "query/influxql/plan/bound_table.h"

namespace varve::influxql {

/// What users are changed in. The references outlive it.
struct Accounts {
  Catalog& catalog;
  Random& random;  ///< For salts.
};

/// Nothing when there is such a user with that password and rank already.
Result<void> execute(const CreateUserStatement& statement, Accounts& accounts);
Result<void> execute(const DropUserStatement& statement, Accounts& accounts);
Result<void> execute(const SetPasswordStatement& statement, Accounts& accounts);
/// In place of what was granted on that database before.
Result<void> execute(const GrantStatement& statement, Accounts& accounts);
Result<void> execute(const GrantAdminStatement& statement, Accounts& accounts);
/// What is left of ALL when a part of it is revoked stays.
Result<void> execute(const RevokeStatement& statement, Accounts& accounts);
Result<void> execute(const RevokeAdminStatement& statement, Accounts& accounts);

Result<void> execute(const ShowUsersStatement& statement, const Names& names, Answer& answer);
Result<void> execute(const ShowGrantsStatement& statement, const Names& names, Answer& answer);

}  // namespace varve::influxql
