// SPDX-License-Identifier: Apache-2.0
// Statements that make, change, drop and list databases, policies and measurements.
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "query/influxql/ast.h"
#include "query/influxql/execute/answer.h"
#include "query/influxql/execute/statement_context.h"
#include "store/store.h"

namespace varve::influxql {

/// What definitions are changed in. The references outlive it.
struct Definitions {
  Catalog& catalog;
  StoreAdmin& admin;
};

Result<void> execute(const CreateDatabaseStatement& statement, Definitions& definitions);
/// The names go first, then the rows: a crash between the two leaves rows that nothing names.
Result<void> execute(const DropDatabaseStatement& statement, Definitions& definitions);
Result<void> execute(const CreateRetentionPolicyStatement& statement, Definitions& definitions);
Result<void> execute(const AlterRetentionPolicyStatement& statement, Definitions& definitions);
Result<void> execute(const DropRetentionPolicyStatement& statement, Definitions& definitions);
/// Drops the measurement in every policy of the request's database.
Result<void> execute(const DropMeasurementStatement& statement, const Names& names,
                     Definitions& definitions);

Result<void> execute(const ShowDatabasesStatement& statement, const Names& names, Answer& answer);
Result<void> execute(const ShowRetentionPoliciesStatement& statement, const Names& names,
                     Answer& answer);

}  // namespace varve::influxql
