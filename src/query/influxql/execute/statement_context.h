// SPDX-License-Identifier: Apache-2.0
// What the execution of one statement has at hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/ingest.h"
#include "io/clock.h"
#include "query/influxql/execute/memory_claim.h"
#include "query/influxql/plan/bound_table.h"
#include "query/influxql/query.h"
#include "store/store.h"

namespace varve::influxql {

/// Of a query whose time is over. Source: InfluxDB 1.8, query.ErrQueryTimeoutLimitExceeded.
inline constexpr std::string_view kTooLate = "query-timeout limit exceeded";

/// Threads: one owner. The references outlive it.
struct StatementContext {
  Store& store;
  Ingest& ingest;
  const Clock& clock;
  const QueryOptions& options;
  Names names;
  int64_t now_ns = 0;  ///< The statement's now(): it stands still.
  CancelFlag cancel;
  int64_t deadline_steady_ns = 0;  ///< 0: none.
  MemoryBudget budget;

  /// Fails with kCancelled or kTimeout when the statement is to end. Cheap enough for every batch.
  Result<void> check() const {
    if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) {
      return fail(ErrorCode::kCancelled, "query interrupted");
    }
    if (deadline_steady_ns != 0 && clock.steady_ns() > deadline_steady_ns) {
      return fail(ErrorCode::kTimeout, std::string(kTooLate));
    }
    return {};
  }
};

}  // namespace varve::influxql
