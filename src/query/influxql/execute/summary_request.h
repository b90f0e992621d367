// SPDX-License-Identifier: Apache-2.0
// What an aggregate wants to know of rows, should the store rather summarize those of one window
// than give them.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "model/partial_state.h"
#include "model/scan_spec.h"
#include "store/summary_stream.h"

namespace varve::influxql {

struct SummaryRequest {
  Window window;
  std::vector<StateParts> parts;  ///< Beside the wanted variables, whose summaries are visited.
  VisitSummary visit;
};

/// The same of groups, numbered as in GroupInput.
struct GroupSummaryRequest {
  Window window;
  std::vector<StateParts> parts;
  std::function<Result<void>(size_t group, const RunSummary& summary)> visit;
};

}  // namespace varve::influxql
