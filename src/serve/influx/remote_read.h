// SPDX-License-Identifier: Apache-2.0
// POST /api/v1/prom/read: Prometheus asks for raw samples.
//
//   snappy, protobuf ──▶ one SELECT value … GROUP BY * for each query ──▶ protobuf, snappy
// Source: InfluxDB 1.8, services/httpd, Handler.servePromRead.
#pragma once

#include <cstddef>
#include <string>

#include "auth/identity.h"
#include "codec/prometheus/remote_read.h"
#include "query/influxql/ast.h"
#include "serve/http/message.h"
#include "serve/influx/query.h"
#include "serve/influx/reply.h"

namespace varve::influx {

/// The statement that finds what a query asks for: tables by their names (label `__name__`), tags
/// by the other labels. Pure. kInvalidInput: a regular expression that is none.
Result<influxql::SelectStatement> select_samples(const RemoteReadQuery& query,
                                                 const std::string& database,
                                                 const std::string& policy);

/// Threads: an event loop; the work is done in the pool. 403 when `who` may not read the database;
/// 413 when the answer would be larger than 256 MiB.
void handle_remote_read(const QueryServices& services, const auth::Identity& who,
                        size_t body_bytes_max, HttpRequest request, Reply reply);

}  // namespace varve::influx
