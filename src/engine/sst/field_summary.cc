// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/field_summary.h"

#include <bit>
#include <span>
#include <type_traits>

#include "engine/page/encode_loops.h"

namespace varve::engine {
namespace {

// Where every cell holds a value, which is mostly so.
FieldSummary summarize_integers(std::span<const int64_t> values) {
  const page::Extent extent = page::extent_of(values);
  return {.count = values.size(),
          .min_bits = static_cast<uint64_t>(extent.least),
          .max_bits = static_cast<uint64_t>(extent.most),
          .sum_bits = page::sum_of(values),
          .first_bits = static_cast<uint64_t>(values.front()),
          .last_bits = static_cast<uint64_t>(values.back())};
}

template <class T>
FieldSummary summarize_cells(const ColumnView& cells) {
  const auto values = cells.as<T>();
  FieldSummary summary;
  T min{}, max{}, first{}, last{};
  std::conditional_t<std::is_same_v<T, double>, double, uint64_t> sum{};
  for (size_t row = 0; row < values.size(); ++row) {
    if (!cells.has_value(row)) continue;
    const T value = values[row];
    if (summary.count == 0) {
      min = max = first = value;
    } else {
      min = value < min ? value : min;
      max = value > max ? value : max;
    }
    last = value;
    sum += static_cast<decltype(sum)>(value);
    ++summary.count;
  }
  summary.min_bits = std::bit_cast<uint64_t>(min);
  summary.max_bits = std::bit_cast<uint64_t>(max);
  summary.sum_bits = std::bit_cast<uint64_t>(sum);
  summary.first_bits = std::bit_cast<uint64_t>(first);
  summary.last_bits = std::bit_cast<uint64_t>(last);
  return summary;
}

}  // namespace

std::optional<FieldSummary> summarize(const ColumnView& cells) {
  switch (cells.type) {
    case ValueType::kFloat64: return summarize_cells<double>(cells);
    case ValueType::kInt64:
      if (cells.states == nullptr && cells.row_count > 0) {
        return summarize_integers(cells.as<int64_t>());
      }
      return summarize_cells<int64_t>(cells);
    case ValueType::kUint64: return summarize_cells<uint64_t>(cells);
    default: return std::nullopt;
  }
}

}  // namespace varve::engine
