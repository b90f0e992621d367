// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/row_points.h"

#include <utility>

namespace varve::influxql {

RowPoints::RowPoints(const SelectPlan& plan, const RunOptions& options, const Variable& variable,
                     const std::vector<Variable>& beside, uint64_t rows_limit,
                     StatementContext& context)
    : plan_(plan),
      options_(options),
      wanted_{variable},
      rows_limit_(rows_limit),
      context_(context),
      memory_(context.budget) {
  wanted_.insert(wanted_.end(), beside.begin(), beside.end());
}

Result<void> RowPoints::prepare() {
  if (input_ == nullptr) input_ = TRY(GroupInput::open(plan_, options_, wanted_, context_));
  return {};
}

Result<Points> RowPoints::points(const GroupKey& group) {
  Points points(to_value_type(wanted_[0].type).value_or(ValueType::kFloat64));
  for (size_t i = 1; i < wanted_.size(); ++i) {
    points.aux.emplace_back(to_value_type(wanted_[i].type).value_or(ValueType::kFloat64));
  }
  const auto number = input_->find(group);
  if (!number) return points;
  const auto take = [&](const RowBlock& block) -> Result<bool> {
    for (size_t row = 0; row < block.row_count(); ++row) {
      if (!block.columns[0].has_value(row)) continue;
      points.times_ns.push_back(block.times_ns[row]);
      append_cell(points.values, block.columns[0], row);
      for (size_t i = 0; i < points.aux.size(); ++i) {
        append_cell(points.aux[i], block.columns[i + 1], row);
      }
      if (rows_limit_ > 0 && points.size() >= rows_limit_) return false;
    }
    TRY_VOID(memory_.set(points.size_bytes()));
    return true;
  };
  TRY_VOID(input_->for_each_block(*number, {.rows_limit = 0, .first_tie_column = 1}, take));
  return points;
}

}  // namespace varve::influxql
