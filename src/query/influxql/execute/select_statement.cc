// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/select_statement.h"

#include <span>
#include <string>
#include <utility>

#include "query/influxql/execute/select.h"
#include "query/influxql/execute/select_into.h"
#include "query/influxql/plan/compile.h"

namespace varve::influxql {
namespace {

/// Hands the rows to the sink, the time in front of them.
class SinkConsumer final : public GroupConsumer {
 public:
  SinkConsumer(const SelectPlan& plan, Answer& answer) : answer_(answer) {
    header_.has_time = true;
    header_.zone = plan.zone;
    header_.columns.push_back(plan.time_column);
    for (const OutputColumn& output : plan.outputs) header_.columns.push_back(output.name);
    for (const std::string& dimension : plan.dimensions) header_.tags.emplace_back(dimension, "");
  }

  Result<void> begin_group(const GroupKey& key) override {
    header_.name = key.name;
    for (size_t i = 0; i < header_.tags.size(); ++i) header_.tags[i].second = key.tags[i];
    return answer_.begin_series(header_);
  }

  Result<void> rows(const RowBlock& block) override {
    return answer_.rows(to_result(block.times_ns, block.columns));
  }

  Result<void> end_group() override { return answer_.end_series(); }

  Result<void> groups(const GroupsBlock& block) override {
    header_.name = block.parts.front().key->name;
    SeriesBatch batch{.header = &header_, .series = {}, .block = {}};
    batch.series.reserve(block.parts.size());
    for (const GroupsBlock::Part& part : block.parts) {
      batch.series.push_back(
          {.tag_values = part.key->tags, .row_begin = part.begin, .row_end = part.end});
    }
    batch.block = to_result(block.times_ns, block.columns);
    return answer_.series_batch(batch);
  }

 private:
  static ResultBlock to_result(std::span<const int64_t> times_ns,
                               std::span<const ColumnView> columns) {
    ResultBlock answer{.columns = {}, .row_count = times_ns.size()};
    answer.columns.reserve(columns.size() + 1);
    answer.columns.push_back({.type = ValueType::kTimestamp,
                              .values = times_ns.data(),
                              .states = nullptr,
                              .row_count = times_ns.size()});
    answer.columns.insert(answer.columns.end(), columns.begin(), columns.end());
    return answer;
  }

  ResultHeader header_;  // Of the group; only its name and values change.
  Answer& answer_;
};

Result<void> refuse_system_names(const SelectStatement& statement) {
  static constexpr std::pair<std::string_view, std::string_view> kSystemNames[] = {
      {"_fieldKeys", "SHOW FIELD KEYS"}, {"_measurements", "SHOW MEASUREMENTS"},
      {"_series", "SHOW SERIES"},        {"_tagKeys", "SHOW TAG KEYS"},
      {"_tags", "SHOW TAG VALUES"},
  };
  for (const Source& source : statement.sources) {
    const auto* measurement = std::get_if<Measurement>(&source);
    if (measurement == nullptr) continue;
    for (const auto& [name, command] : kSystemNames) {
      if (measurement->name != name) continue;
      return fail(ErrorCode::kInvalidInput, "unable to use system source '" + measurement->name +
                                                "': use " + std::string(command) + " instead");
    }
  }
  return {};
}

// Source: InfluxDB 1.8, query.compiledStatement.Prepare: max-select-buckets.
Result<void> check_window_count(const SelectPlan& plan, const RunOptions& options,
                                size_t windows_max) {
  if (windows_max == 0 || plan.calls.empty() || options.interval.is_zero() ||
      options.first_ns <= kInfluxTimeMin) {
    return {};
  }
  const int64_t first_ns = options.window(options.first_ns).begin_ns;
  const int64_t last_ns = options.window(options.last_ns - 1).begin_ns;
  if (last_ns < first_ns) return {};
  const uint64_t count = (static_cast<uint64_t>(last_ns) - static_cast<uint64_t>(first_ns)) /
                             static_cast<uint64_t>(options.interval.duration_ns) +
                         1;
  if (count <= windows_max) return {};
  return fail(ErrorCode::kTooLarge, "max-select-buckets limit exceeded: (" +
                                        std::to_string(count) + "/" +
                                        std::to_string(windows_max) + ")");
}

// One series with one row: how many points were written, at time 0.
Result<void> write_into(const Target& target, const SelectPlan& plan, const RunOptions& options,
                        StatementContext& context, Answer& answer) {
  PointWriter writer(target, plan, context);
  TRY_VOID(run_select(plan, options, context, writer));
  const int64_t written = TRY(writer.finish());
  const int64_t time_ns = 0;
  TRY_VOID(answer.begin_series({.name = "result",
                                .tags = {},
                                .columns = {"time", "written"},
                                .has_time = true}));
  TRY_VOID(answer.rows(
      {.columns = {{.type = ValueType::kTimestamp, .values = &time_ns, .row_count = 1},
                   {.type = ValueType::kInt64, .values = &written, .row_count = 1}},
       .row_count = 1}));
  return answer.end_series();
}

}  // namespace

Result<void> execute(const SelectStatement& statement, StatementContext& context, Answer& answer) {
  TRY_VOID(refuse_system_names(statement));
  SelectStatement qualified = statement;
  TRY_VOID(qualify(qualified, context.names));
  const CompiledSelect compiled = TRY(compile(qualified, context.now_ns));
  const SelectPlan plan = TRY(plan_select(compiled, context.names, context.store));
  const RunOptions options = options_of(plan);
  TRY_VOID(check_window_count(plan, options, context.options.windows_max));
  if (qualified.target) return write_into(*qualified.target, plan, options, context, answer);
  SinkConsumer consumer(plan, answer);
  return run_select(plan, options, context, consumer);
}

}  // namespace varve::influxql
