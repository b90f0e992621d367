// SPDX-License-Identifier: Apache-2.0
// Sets up the computation of function calls: which share a pass over the rows, which need the
// points of their windows, which work on the result of others.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "query/influxql/execute/call_points.h"
#include "query/influxql/execute/run_options.h"
#include "query/influxql/execute/statement_context.h"
#include "query/influxql/execute/window_states.h"
#include "query/influxql/plan/select_plan.h"

namespace varve::influxql {

/// The calls of one SELECT. Threads: one owner.
class CallBuilder {
 public:
  /// The plan and the context outlive the builder and what it builds.
  CallBuilder(const SelectPlan& plan, StatementContext& context)
      : plan_(plan), context_(context) {}

  /// `points_max`: no more points of a group are wanted (0: all).
  Result<std::unique_ptr<CallPoints>> build(const FunctionCall& call, const RunOptions& options,
                                            uint64_t points_max);

 private:
  Result<std::unique_ptr<CallPoints>> build_mergeable(const FunctionCall& call,
                                                      const RunOptions& options,
                                                      uint64_t points_max);
  Result<std::unique_ptr<CallPoints>> build_window_function(const FunctionCall& call,
                                                            const RunOptions& options,
                                                            uint64_t points_max);
  Result<std::unique_ptr<CallPoints>> build_point_function(const FunctionCall& call,
                                                           RunOptions options);
  Result<std::unique_ptr<CallPoints>> build_forecast(const FunctionCall& call,
                                                     const RunOptions& options);
  Result<std::unique_ptr<CallPoints>> build_input(const FunctionCall& call,
                                                  const RunOptions& options,
                                                  const std::vector<Variable>& beside,
                                                  uint64_t rows_limit);
  std::shared_ptr<WindowStates> states_for(const RunOptions& options, bool is_shared);

  /// A pass over the rows that calls with the same range share.
  struct Pass {
    int64_t first_ns;
    int64_t last_ns;
    std::shared_ptr<WindowStates> states;
  };

  const SelectPlan& plan_;
  StatementContext& context_;
  std::vector<Pass> passes_;
};

}  // namespace varve::influxql
