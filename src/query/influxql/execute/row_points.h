// SPDX-License-Identifier: Apache-2.0
// The points of one variable, group by group, straight from the sources.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "query/influxql/execute/call_points.h"
#include "query/influxql/execute/group_input.h"

namespace varve::influxql {

/// Threads: one owner.
class RowPoints final : public CallPoints {
 public:
  /// The points of `variable`, each with the values of `beside` in the same row. With a limit,
  /// only the first so many rows of a group are read (0: all). The plan and the context outlive it.
  RowPoints(const SelectPlan& plan, const RunOptions& options, const Variable& variable,
            const std::vector<Variable>& beside, uint64_t rows_limit, StatementContext& context);

  Result<void> prepare() override;
  const std::vector<GroupKey>& groups() const override { return input_->groups(); }
  Result<Points> points(const GroupKey& group) override;
  /// True when some source has the variable. After prepare().
  bool has_variable() const { return input_->has(0); }

 private:
  const SelectPlan& plan_;
  RunOptions options_;
  std::vector<Variable> wanted_;
  uint64_t rows_limit_;
  StatementContext& context_;
  std::unique_ptr<GroupInput> input_;
  MemoryClaim memory_;
};

}  // namespace varve::influxql
