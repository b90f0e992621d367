// SPDX-License-Identifier: Apache-2.0
// SHOW SHARDS, SHARD GROUPS, SUBSCRIPTIONS and CONTINUOUS QUERIES: what the catalog knows.
#pragma once

#include "base/result.h"
#include "query/influxql/ast.h"
#include "query/influxql/execute/answer.h"
#include "query/influxql/plan/bound_table.h"

namespace varve::influxql {

/// A segment of a policy is shown as a shard, alone in its group.
Result<void> execute(const ShowShardsStatement& statement, const Names& names, Answer& answer);
Result<void> execute(const ShowShardGroupsStatement& statement, const Names& names,
                     Answer& answer);
/// There are none yet, and no statement makes one.
Result<void> execute(const ShowSubscriptionsStatement& statement, const Names& names,
                     Answer& answer);
Result<void> execute(const ShowContinuousQueriesStatement& statement, const Names& names,
                     Answer& answer);

}  // namespace varve::influxql
