// SPDX-License-Identifier: Apache-2.0
// Statements that remove rows: DELETE, DROP SERIES, DROP SHARD.
#pragma once

#include "base/result.h"
#include "query/influxql/ast.h"
#include "query/influxql/execute/definition_statements.h"
#include "query/influxql/execute/statement_context.h"

namespace varve::influxql {

/// In every policy, unless the sources name one. The condition may be on tags, time and fields
/// (InfluxDB: tags and time); it means the rows that SELECT would give for it.
/// One table after the other: a failure leaves the tables before it without their rows.
/// Source: InfluxDB 1.8, StatementExecutor.executeDeleteSeriesStatement; tsdb.Store.DeleteSeries.
Result<void> execute(const DeleteStatement& statement, StatementContext& context);
/// The same, in every policy and at any time; refuses conditions on time and fields.
Result<void> execute(const DropSeriesStatement& statement, StatementContext& context);
/// A segment of whichever database; fails with `shard not found`.
Result<void> execute(const DropShardStatement& statement, const Names& names,
                     Definitions& definitions);

}  // namespace varve::influxql
