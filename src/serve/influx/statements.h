// SPDX-License-Identifier: Apache-2.0
// /api/v1/statements: what statements cost, and forgetting it.
//
//   GET ?sort_by=latency_total|latency_avg|latency_max|count &order=asc|desc &limit=100
//       &db=NAME &stmt_type=SELECT
//   DELETE
// Source: HyperbyteDB, "Statement summary"; errors, quantiles, rows and bytes are ours.
#pragma once

#include "auth/identity.h"
#include "catalog/snapshot.h"
#include "serve/http/message.h"
#include "serve/influx/reply.h"
#include "serve/influx/statement_summary.h"

namespace varve::influx {

/// Threads: anywhere. Somebody who is no administrator sees the statements of databases that they
/// may read; 403 when `db` is another. Only administrators may forget. 400 for a parameter that
/// makes no sense, 405 for another method.
void handle_statements(StatementSummary& summary, const CatalogSnapshot& catalog,
                       const auth::Identity& who, const HttpRequest& request, const Reply& reply);

}  // namespace varve::influx
