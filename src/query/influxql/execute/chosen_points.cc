// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/chosen_points.h"

#include <string_view>
#include <type_traits>

namespace varve::influxql {
namespace {

// The stored value as the cell type.
template <class T>
T stored(const Value& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return std::get<std::string>(value);
  } else if constexpr (std::is_same_v<T, uint8_t>) {
    return static_cast<uint8_t>(std::get<bool>(value));
  } else {
    return std::get<T>(value);
  }
}

}  // namespace

template <class T>
bool ChosenPoints::is_better(int64_t time_ns, const T& value, int64_t than_time_ns,
                             const T& than) const {
  switch (function_) {
    case Function::kMin:
      return value < than || (value == than && time_ns < than_time_ns);
    case Function::kMax:
      return than < value || (value == than && time_ns < than_time_ns);
    case Function::kFirst:
      return time_ns < than_time_ns ||
             (time_ns == than_time_ns &&
              (std::is_same_v<T, uint8_t> ? value < than : than < value));
    default:
      return time_ns > than_time_ns || (time_ns == than_time_ns && than < value);
  }
}

template <class T>
void ChosenPoints::offer_cells(std::span<const StatePiece> pieces,
                               std::span<const int64_t> times_ns, const ColumnView& values,
                               std::span<const ColumnView> beside) {
  const auto cells = values.as<T>();
  for (const StatePiece& piece : pieces) {
    // The best of the run first: only it has to face the stored one.
    uint32_t best = piece.end;
    for (uint32_t row = piece.begin; row < piece.end; ++row) {
      if (!values.has_value(row)) continue;
      if (best == piece.end ||
          is_better<T>(times_ns[row], cells[row], times_ns[best], cells[best])) {
        best = row;
      }
    }
    if (best == piece.end) continue;
    Chosen& chosen = slots_[piece.slot];
    if (chosen.is_set &&
        !is_better<T>(times_ns[best], cells[best], chosen.time_ns, stored<T>(chosen.value))) {
      continue;
    }
    chosen.is_set = true;
    chosen.time_ns = times_ns[best];
    chosen.value = values.at(best);
    chosen.beside.clear();
    for (const ColumnView& column : beside) chosen.beside.push_back(column.at(best));
  }
}

void ChosenPoints::offer(std::span<const StatePiece> pieces, std::span<const int64_t> times_ns,
                         const ColumnView& values, std::span<const ColumnView> beside) {
  switch (type_) {
    case ValueType::kFloat64:
      return offer_cells<double>(pieces, times_ns, values, beside);
    case ValueType::kInt64:
    case ValueType::kTimestamp:
      return offer_cells<int64_t>(pieces, times_ns, values, beside);
    case ValueType::kUint64:
      return offer_cells<uint64_t>(pieces, times_ns, values, beside);
    case ValueType::kBool:
      return offer_cells<uint8_t>(pieces, times_ns, values, beside);
    case ValueType::kString:
    case ValueType::kBytes:
      return offer_cells<std::string_view>(pieces, times_ns, values, beside);
  }
}

}  // namespace varve::influxql
