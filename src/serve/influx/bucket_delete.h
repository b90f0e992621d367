// SPDX-License-Identifier: Apache-2.0
// POST /api/v2/delete:
//   {"start": …, "stop": …, "predicate": "_measurement = \"m\" AND tag = \"v\""}
//
//   read_bucket_delete() ──▶ one DELETE statement ──▶ query thread
// Source: InfluxDB 1.13, services/httpd, Handler.serveDeleteV2.
#pragma once

#include <string_view>

#include "auth/identity.h"
#include "query/influxql/ast.h"
#include "serve/http/message.h"
#include "serve/influx/query.h"
#include "serve/influx/reply.h"

namespace varve::influx {

/// What a body asks to delete from a bucket, as a statement for that database. Pure.
/// Errors: kInvalidInput, in InfluxDB's words.
Result<influxql::DeleteStatement> read_bucket_delete(const IngestTarget& bucket,
                                                     std::string_view body);

/// Threads: an event loop; the work is done in the pool. 404 when there is no such bucket, 403 when
/// `who` may not write into it.
void handle_bucket_delete(const QueryServices& services, const auth::Identity& who,
                          const HttpRequest& request, Reply reply);

}  // namespace varve::influx
