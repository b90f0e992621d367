// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/explain.h"

#include <string>
#include <utility>
#include <vector>

#include "ingest/drops.h"
#include "query/influxql/ast_text.h"
#include "query/influxql/execute/select.h"
#include "query/influxql/execute/table_scan.h"
#include "query/influxql/plan/compile.h"

namespace varve::influxql {
namespace {

using Lines = std::vector<std::vector<Value>>;

void put(Lines& lines, std::string line) { lines.push_back({std::move(line)}); }

std::string call_text(const FunctionCall& call) {
  std::string text = call.name + "(";
  text += call.inner ? call_text(**call.inner) : to_string(Expression{call.argument});
  for (const Variable& tag : call.tags) text += ", " + to_string(Expression{tag});
  for (const Expression& parameter : call.parameters) text += ", " + to_string(parameter);
  return text + ")";
}

Result<void> explain_table(const BoundTableRef& table, const SelectPlan& plan,
                           const std::string& expression, StatementContext& context,
                           Lines& lines) {
  std::string auxiliary;
  for (const Variable& ref : plan.refs) {
    auxiliary += (auxiliary.empty() ? "" : ", ") + to_string(Expression{ref});
  }
  size_t segment_count = 0;
  for (const Segment& segment : table->policy->segments) {
    if (segment.range.overlaps(table->range)) ++segment_count;
  }
  const TableScan scan(table, plan.refs, plan.condition);
  const uint64_t series_count =
      TRY(context.store.count_series({.table = table->table->id,
                                      .range = table->range,
                                      .predicate = scan.tag_predicate(),
                                      .key_tags = std::nullopt,
                                      .cancel = context.cancel}));
  const TableStats stats = context.store.stats(table->table->id);
  if (!lines.empty()) put(lines, "");
  put(lines, "EXPRESSION: " + expression);
  if (!auxiliary.empty()) put(lines, "AUXILIARY FIELDS: " + auxiliary);
  put(lines, "NUMBER OF SHARDS: " + std::to_string(segment_count));
  put(lines, "NUMBER OF SERIES: " + std::to_string(series_count));
  put(lines, "CACHED VALUES: " + std::to_string(stats.memtable_rows));
  put(lines, "NUMBER OF FILES: " + std::to_string(stats.sst_count));
  put(lines, "SIZE OF FILES: " + std::to_string(stats.sst_bytes));
  return {};
}

Result<void> explain_plan(const SelectPlan& plan, StatementContext& context, Lines& lines) {
  for (const SourcePlan& source : plan.sources) {
    if (source.table == nullptr) {
      TRY_VOID(explain_plan(*source.subquery, context, lines));
    } else if (plan.calls.empty()) {
      TRY_VOID(explain_table(source.table, plan, "<nil>", context, lines));
    } else {
      for (const FunctionCall& call : plan.calls) {
        TRY_VOID(explain_table(source.table, plan, call_text(call), context, lines));
      }
    }
  }
  return {};
}

/// Counts and forgets.
class CountingConsumer final : public GroupConsumer {
 public:
  Result<void> begin_group(const GroupKey&) override {
    ++series_count;
    return {};
  }
  Result<void> rows(const RowBlock& block) override {
    row_count += block.row_count();
    return {};
  }
  Result<void> end_group() override { return {}; }

  size_t series_count = 0;
  size_t row_count = 0;
};

}  // namespace

Result<void> execute(const ExplainStatement& statement, StatementContext& context,
                     Answer& answer) {
  const int64_t begin_ns = context.clock.steady_ns();
  SelectStatement qualified = statement.select;
  TRY_VOID(qualify(qualified, context.names));
  const CompiledSelect compiled = TRY(compile(qualified, context.now_ns));
  const SelectPlan plan = TRY(plan_select(compiled, context.names, context.store));
  Lines lines;
  if (!statement.analyze) {
    TRY_VOID(explain_plan(plan, context, lines));
    return answer.series("", {"QUERY PLAN"}, lines);
  }
  const int64_t planned_ns = context.clock.steady_ns();
  CountingConsumer consumer;
  TRY_VOID(run_select(plan, options_of(plan), context, consumer));
  const int64_t end_ns = context.clock.steady_ns();
  put(lines, "execution_time: " + duration_text(end_ns - planned_ns));
  put(lines, "planning_time: " + duration_text(planned_ns - begin_ns));
  put(lines, "total_time: " + duration_text(end_ns - begin_ns));
  put(lines, "series: " + std::to_string(consumer.series_count));
  put(lines, "rows: " + std::to_string(consumer.row_count));
  return answer.series("", {"EXPLAIN ANALYZE"}, lines);
}

}  // namespace varve::influxql
