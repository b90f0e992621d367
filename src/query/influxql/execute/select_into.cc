// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/select_into.h"

#include <cmath>
#include <future>
#include <utility>

namespace varve::influxql {
namespace {

constexpr size_t kPointsPerWrite = 10'000;
constexpr size_t kTextBytesPerWrite = size_t{4} << 20;

bool is_writable(const ColumnView& column, size_t row) {
  if (!column.has_value(row)) return false;
  return column.type != ValueType::kFloat64 || !std::isnan(column.as<double>()[row]);
}

bool is_infinite(const ColumnView& column, size_t row) {
  return column.type == ValueType::kFloat64 && column.has_value(row) &&
         std::isinf(column.as<double>()[row]);
}

void add_field(PointList& points, const std::string& name, const ColumnView& column, size_t row) {
  switch (column.type) {
    case ValueType::kFloat64: return points.field(name, column.as<double>()[row]);
    case ValueType::kInt64:
    case ValueType::kTimestamp: return points.field(name, column.as<int64_t>()[row]);
    case ValueType::kUint64: return points.field(name, column.as<uint64_t>()[row]);
    case ValueType::kBool: return points.field(name, column.as<uint8_t>()[row] != 0);
    case ValueType::kString:
    case ValueType::kBytes: return points.field(name, column.as<std::string_view>()[row]);
  }
}

}  // namespace

PointWriter::PointWriter(const Target& target, const SelectPlan& plan, StatementContext& context)
    : target_(target),
      plan_(plan),
      context_(context),
      points_(std::make_unique<PointList>()) {
  for (size_t i = 0; i < plan.outputs.size(); ++i) {
    const OutputColumn& output = plan.outputs[i];
    if (output.is_point_tag) {
      point_tags_.push_back(i);
      continue;
    }
    std::erase_if(fields_, [&](size_t other) { return plan.outputs[other].name == output.name; });
    fields_.push_back(i);
  }
}

Result<void> PointWriter::begin_group(const GroupKey& key) {
  table_ = target_.measurement.name.empty() ? key.name : target_.measurement.name;
  tag_texts_ = key.tags;
  tags_.clear();
  for (size_t i = 0; i < tag_texts_.size(); ++i) {
    tags_.emplace_back(plan_.dimensions[i], tag_texts_[i]);
  }
  return {};
}

Result<void> PointWriter::rows(const RowBlock& block) {
  for (size_t row = 0; row < block.row_count(); ++row) {
    add_row(block, row);
    const bool is_full =
        points_->point_count() == kPointsPerWrite || text_bytes_ >= kTextBytesPerWrite;
    if (is_full) TRY_VOID(write());
  }
  return context_.check();
}

void PointWriter::add_row(const RowBlock& block, size_t row) {
  bool has_field = false;
  for (const size_t column : fields_) {
    // A point that cannot be stored is left out as a whole.
    if (is_infinite(block.columns[column], row)) return;
    has_field = has_field || is_writable(block.columns[column], row);
  }
  if (!has_field) return;
  std::vector<PointList::Tag> tags = tags_;
  for (const size_t column : point_tags_) {
    if (!block.columns[column].has_value(row)) continue;
    const std::string& name = plan_.outputs[column].inner_name;
    std::erase_if(tags, [&](const PointList::Tag& tag) { return tag.first == name; });
    tags.emplace_back(name, block.columns[column].as<std::string_view>()[row]);
  }
  points_->add(table_, std::move(tags), block.times_ns[row]);
  for (const size_t column : fields_) {
    if (!is_writable(block.columns[column], row)) continue;
    if (is_variable_size(block.columns[column].type)) {
      text_bytes_ += block.columns[column].as<std::string_view>()[row].size();
    }
    add_field(*points_, plan_.outputs[column].name, block.columns[column], row);
  }
}

Result<int64_t> PointWriter::finish() {
  if (points_->point_count() > 0) TRY_VOID(write());
  return point_count_;
}

Result<void> PointWriter::write() {
  TRY_VOID(context_.check());
  const auto point_count = static_cast<int64_t>(points_->point_count());
  text_bytes_ = 0;
  const std::string& database = target_.measurement.database;
  std::promise<Result<IngestSummary>> answer;
  context_.ingest.write(
      {.database = database, .policy = target_.measurement.policy},
      std::exchange(points_, std::make_unique<PointList>()),
      [&](Result<IngestSummary> summary) { answer.set_value(std::move(summary)); });
  const IngestSummary summary = TRY(answer.get_future().get());
  if (summary.rows_dropped > 0 || !summary.drop_reason.empty()) {
    return fail(ErrorCode::kConflict,
                "partial write: " + summary.drop_reason +
                    " dropped=" + std::to_string(summary.rows_dropped) +
                    " for database: " + database + " for retention policy: " + summary.policy);
  }
  point_count_ += point_count;
  return {};
}

}  // namespace varve::influxql
