// SPDX-License-Identifier: Apache-2.0
// Aggregates that merge: one pass over all rows fills states by (group, window).
//
//   for_each_run ──▶ windows of the run ──▶ slots ──▶ PartialStates of each argument
//                                              └────▶ chosen points with what stands beside them
// Slots lie densely, window beside window, while there are few enough; else only windows that have
// rows get one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/partial_state.h"
#include "query/influxql/execute/chosen_points.h"
#include "query/influxql/execute/group_input.h"
#include "query/influxql/execute/points.h"
#include "query/influxql/execute/window_grid.h"
#include "query/influxql/plan/function_call.h"

namespace varve::influxql {

/// True for functions that this file computes: count, sum, mean, min, max, first, last, spread of
/// a variable.
bool is_mergeable(const FunctionCall& call);

/// Fails with InfluxDB's words when the function cannot take points of the type, for example
/// `unsupported sum iterator type: *query.booleanInterruptIterator`.
Result<void> check_argument_type(const FunctionCall& call, DataType type);

/// Threads: one owner.
class WindowStates {
 public:
  /// The plan and the context outlive it.
  WindowStates(const SelectPlan& plan, const RunOptions& options, StatementContext& context)
      : plan_(plan), options_(options), context_(context), memory_(context.budget) {}

  /// Adds a call before run() and gives its number. With `beside` (then it is the only call) the
  /// points also carry these variables. `keeps_times`: they carry the times of the points chosen.
  size_t add(const FunctionCall& call, const std::vector<Variable>& beside, bool keeps_times);
  /// Reads everything; only the first call does.
  Result<void> run();

  const std::vector<GroupKey>& groups() const;
  /// Points of a call in a group, in order of rising times.
  Points points(const GroupKey& group, size_t call) const;

 private:
  struct Request {
    FunctionCall call;
    size_t column = 0;  // Of the input; also of states_.
    bool keeps_times = false;
  };
  size_t column_of(const Variable& variable);
  std::optional<GroupSummaryRequest> summary_request();
  Result<void> fold(const RowRun& run);
  Result<void> fold_summary(size_t group, const RunSummary& summary);
  Result<uint32_t> slot_of(size_t group, uint64_t window);
  Result<void> claim_memory(size_t slot_count);
  std::vector<std::pair<uint64_t, uint32_t>> slots_of(size_t group) const;
  void append_point(const Request& request, uint32_t slot, uint64_t window, Points& points) const;

  const SelectPlan& plan_;
  RunOptions options_;
  StatementContext& context_;
  MemoryClaim memory_;
  std::vector<Variable> wanted_;
  std::vector<StateParts> parts_;  // Beside wanted_.
  std::vector<Request> requests_;
  std::vector<Variable> beside_;

  bool has_run_ = false;
  std::unique_ptr<GroupInput> input_;
  std::optional<WindowGrid> grid_;
  bool is_dense_ = true;
  std::vector<PartialStates> states_;  // Beside wanted_; none for what only stands beside.
  std::optional<ChosenPoints> chosen_;
  std::vector<StatePiece> pieces_;
  std::unordered_map<uint64_t, uint32_t> sparse_slots_;               // group * windows + window.
  std::vector<std::vector<std::pair<uint64_t, uint32_t>>> group_slots_;  // Sparse: by group.
  size_t slot_count_ = 0;
};

}  // namespace varve::influxql
