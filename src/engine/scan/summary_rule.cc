// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/summary_rule.h"

#include <bit>
#include <cmath>

#include "engine/sst/field_summary.h"

namespace varve::engine {
namespace {

StatePart part_of(AggregateFunction function) {
  switch (function) {
    case AggregateFunction::kSum: return StatePart::kSum;
    case AggregateFunction::kMin: return StatePart::kMin;
    case AggregateFunction::kMax: return StatePart::kMax;
    case AggregateFunction::kFirst: return StatePart::kFirst;
    case AggregateFunction::kLast: return StatePart::kLast;
    case AggregateFunction::kCount: break;
  }
  return StatePart{};
}

bool is_zero(uint64_t bits) { return std::bit_cast<double>(bits) == 0; }

}  // namespace

// What is added to NaN is NaN, so the sum tells; infinities of both signs only look like it.
bool has_nan(const CellSummary& cells) { return std::isnan(std::bit_cast<double>(cells.sum_bits)); }

std::optional<SummaryRule> SummaryRule::make(const ScanSpec& spec, MergeMode mode) {
  if (!spec.group_by || !spec.group_by->tags.empty()) return std::nullopt;
  if (spec.order != ScanOrder::kSeriesTime) return std::nullopt;
  if (spec.rows_limit != 0 || spec.series_rows_limit != 0) return std::nullopt;
  if (spec.group_by->window.every_ns < 0) return std::nullopt;
  SummaryRule rule(spec.group_by->window);
  for (const ScanColumn& column : spec.columns) {
    if (!is_summarized(column.type)) return std::nullopt;
    rule.columns_.push_back({.type = column.type});
  }
  for (const Aggregate& aggregate : spec.group_by->aggregates) {
    for (size_t i = 0; i < spec.columns.size(); ++i) {
      if (spec.columns[i].id != aggregate.column.id) continue;
      Wanted& wanted = rule.columns_[i];
      wanted.is_wanted = true;
      wanted.parts = wanted.parts | part_of(aggregate.function);
    }
  }
  for (const Wanted& wanted : rule.columns_) {
    const bool has_sum = has_part(wanted.parts, StatePart::kSum);
    const bool has_end =
        has_part(wanted.parts, StatePart::kFirst) || has_part(wanted.parts, StatePart::kLast);
    if (!wanted.is_wanted) return std::nullopt;
    // A sum of doubles depends on the order in which they are added.
    if (has_sum && wanted.type == ValueType::kFloat64) return std::nullopt;
    // Which of several rows of one time counts, a summary does not know.
    if (has_end && mode == MergeMode::kAppend) return std::nullopt;
  }
  return rule;
}

bool SummaryRule::is_in_one_window(int64_t time_first_ns, int64_t time_last_ns) const {
  if (window_.every_ns == 0) return true;
  const auto window_of = [&](int64_t time_ns) {
    return (static_cast<uint64_t>(time_ns) - static_cast<uint64_t>(window_.origin_ns)) /
           static_cast<uint64_t>(window_.every_ns);
  };
  return time_first_ns >= window_.origin_ns && window_of(time_first_ns) == window_of(time_last_ns);
}

bool SummaryRule::trusts(std::span<const std::optional<CellSummary>> columns,
                         uint64_t row_count) const {
  for (size_t c = 0; c < columns_.size(); ++c) {
    if (!columns[c] || !trusts(columns_[c], *columns[c], row_count)) return false;
  }
  return true;
}

bool SummaryRule::trusts(const Wanted& wanted, const CellSummary& cells, uint64_t row_count) {
  if (cells.count == 0) return true;
  const bool has_end =
      has_part(wanted.parts, StatePart::kFirst) || has_part(wanted.parts, StatePart::kLast);
  // Only then the first row has the first value.
  if (has_end && cells.count != row_count) return false;
  if (wanted.type != ValueType::kFloat64) return true;
  // Which of two zeros is found first depends on the rows, and they are written differently.
  const bool has_min = has_part(wanted.parts, StatePart::kMin);
  const bool has_max = has_part(wanted.parts, StatePart::kMax);
  if ((has_min || has_max) && has_nan(cells)) return false;
  return !(has_min && is_zero(cells.min_bits)) && !(has_max && is_zero(cells.max_bits));
}

}  // namespace varve::engine
