// SPDX-License-Identifier: Apache-2.0
// SHOW SHARDS and SHARD GROUPS: what the catalog knows.
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

}  // namespace varve::influxql
