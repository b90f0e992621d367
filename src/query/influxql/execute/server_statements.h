// SPDX-License-Identifier: Apache-2.0
// Statements about the server itself: SHOW QUERIES, KILL QUERY, SHOW STATS, SHOW DIAGNOSTICS.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "query/influxql/ast.h"
#include "query/influxql/execute/answer.h"
#include "query/influxql/execute/running_queries.h"
#include "query/influxql/query.h"

namespace varve::influxql {

/// What is known of the server. The references outlive it.
struct ServerFacts {
  RunningQueries& queries;
  std::string version;
  int64_t now_ns = 0;
  int64_t steady_ns = 0;
  int64_t started_ns = 0;         ///< As of now_ns.
  int64_t started_steady_ns = 0;  ///< As of steady_ns.
  std::function<StorageFacts()> storage = {};  ///< May be null.
};

Result<void> execute(const ShowQueriesStatement& statement, const ServerFacts& facts,
                     Answer& answer);
/// ON host is not looked at: there is one.
Result<void> execute(const KillQueryStatement& statement, const ServerFacts& facts);
/// The counters and gauges of /metrics: varve_wal_syncs_total is `syncs_total` of module `wal`;
/// each set of labels is a series of its own. The module `runtime` tells how long the server has
/// run.
Result<void> execute(const ShowStatsStatement& statement, const ServerFacts& facts,
                     Answer& answer);
/// The modules `build` and `system`; of a store also `storage`, and `damage` where there is some.
Result<void> execute(const ShowDiagnosticsStatement& statement, const ServerFacts& facts,
                     Answer& answer);

}  // namespace varve::influxql
