// SPDX-License-Identifier: Apache-2.0
// Runs a planned SELECT.
#pragma once

#include "base/result.h"
#include "query/influxql/execute/row_run.h"
#include "query/influxql/execute/run_options.h"
#include "query/influxql/execute/statement_context.h"
#include "query/influxql/plan/select_plan.h"

namespace varve::influxql {

/// Gives the rows to the consumer: groups in order of name and tags (backwards when descending),
/// in a group the rows in order of time, one column for each output of the plan.
Result<void> run_select(const SelectPlan& plan, const RunOptions& options,
                        StatementContext& context, GroupConsumer& consumer);

}  // namespace varve::influxql
