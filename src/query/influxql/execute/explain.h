// SPDX-License-Identifier: Apache-2.0
// EXPLAIN: what a SELECT would read. EXPLAIN ANALYZE: what it did, and how long it took.
#pragma once

#include "base/result.h"
#include "query/influxql/ast.h"
#include "query/influxql/execute/answer.h"
#include "query/influxql/execute/statement_context.h"

namespace varve::influxql {

/// For each table that is read, and each function over it, some lines as InfluxDB's; what is
/// counted as files is the table's, in all segments.
Result<void> execute(const ExplainStatement& statement, StatementContext& context, Answer& answer);

}  // namespace varve::influxql
