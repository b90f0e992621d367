// SPDX-License-Identifier: Apache-2.0
// Statements that define, drop and list continuous queries and subscriptions. What they define is
// kept; nothing runs it yet.
#pragma once

#include "base/result.h"
#include "query/influxql/ast.h"
#include "query/influxql/execute/answer.h"
#include "query/influxql/execute/definition_statements.h"

namespace varve::influxql {

/// Kept as its text with every name in full. Its policies must exist.
Result<void> execute(const CreateContinuousQueryStatement& statement, const Names& names,
                     Definitions& definitions);
Result<void> execute(const DropContinuousQueryStatement& statement, Definitions& definitions);
/// Fails with `invalid subscription URL: x` unless every one is http, https or udp with a port.
Result<void> execute(const CreateSubscriptionStatement& statement, Definitions& definitions);
Result<void> execute(const DropSubscriptionStatement& statement, Definitions& definitions);

Result<void> execute(const ShowContinuousQueriesStatement& statement, const Names& names,
                     Answer& answer);
Result<void> execute(const ShowSubscriptionsStatement& statement, const Names& names,
                     Answer& answer);

}  // namespace varve::influxql
