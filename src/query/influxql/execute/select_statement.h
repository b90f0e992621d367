// SPDX-License-Identifier: Apache-2.0
// A SELECT from its syntax tree to its answer.
#pragma once

#include "base/result.h"
#include "query/influxql/ast.h"
#include "query/influxql/execute/answer.h"
#include "query/influxql/execute/statement_context.h"

namespace varve::influxql {

/// Qualifies, checks, plans and runs it.
Result<void> execute(const SelectStatement& statement, StatementContext& context, Answer& answer);

}  // namespace varve::influxql
