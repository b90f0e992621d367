// SPDX-License-Identifier: Apache-2.0
// Whether somebody may run the statements of a query: all of them are checked before one runs.
#pragma once

#include <mutex>
#include <string_view>
#include <vector>

#include "auth/identity.h"
#include "base/result.h"
#include "catalog/snapshot.h"
#include "query/influxql/ast.h"

namespace varve::influx {

/// Before there is a user, a query that begins with CREATE USER … WITH ALL PRIVILEGES is allowed,
/// and nothing else. `database` is the request's. Errors: kForbidden in InfluxDB's words, "error
/// authorizing query: bob not authorized to execute statement 'S', requires READ on db";
/// kUnauthenticated for a client that came before the first user and is late now.
Result<void> authorize(const auth::Identity& who, const CatalogSnapshot& catalog,
                       const std::vector<influxql::Statement>& statements,
                       std::string_view database);

/// Held while a query of somebody without a user is checked and runs, so that of several who all
/// make the first administrator one does. Nothing for everybody else.
class FirstUserLock {
 public:
  explicit FirstUserLock(const auth::Identity& who);

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace varve::influx
