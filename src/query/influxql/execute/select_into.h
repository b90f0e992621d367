// SPDX-License-Identifier: Apache-2.0
// SELECT … INTO: rows of an answer become points.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/point_list.h"
#include "query/influxql/ast.h"
#include "query/influxql/execute/row_run.h"
#include "query/influxql/execute/statement_context.h"
#include "query/influxql/plan/select_plan.h"

namespace varve::influxql {

/// The tags of a group (and those of top() and bottom()) become tags, every other column a field. A
/// cell without a value is left out, a row without cells is no point. Points are written in pieces:
/// after an error those before it stay.
/// Source: InfluxDB 1.8, StatementExecutor.writeInto.
/// Threads: one at a time; waits for what it writes.
class PointWriter final : public GroupConsumer {
 public:
  /// The target is qualified. What it refers to outlives it.
  PointWriter(const Target& target, const SelectPlan& plan, StatementContext& context);

  Result<void> begin_group(const GroupKey& key) override;
  Result<void> rows(const RowBlock& block) override;
  Result<void> end_group() override { return {}; }
  /// Writes what is left. The number of all points.
  Result<int64_t> finish();

 private:
  void add_row(const RowBlock& block, size_t row);
  Result<void> write();

  const Target& target_;
  const SelectPlan& plan_;
  StatementContext& context_;
  std::string table_;
  std::vector<PointList::Tag> tags_;  // Of the group; the names are the plan's.
  std::vector<std::string> tag_texts_;
  std::vector<size_t> point_tags_;  // Columns.
  std::vector<size_t> fields_;      // Columns; of those with one name the last.
  std::unique_ptr<PointList> points_;
  size_t text_bytes_ = 0;  // In `points_`: what may make few points large.
  int64_t point_count_ = 0;
};

}  // namespace varve::influxql
