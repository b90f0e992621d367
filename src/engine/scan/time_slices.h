// SPDX-License-Identifier: Apache-2.0
// Cuts a range of time so that each slice has about as many rows as memory allows, however the rows
// lie in time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/time_range.h"

namespace varve::engine {

/// So many rows, spread over the range as evenly as anybody knows.
struct RowSpan {
  TimeRange range;
  uint64_t row_count = 0;
};

/// Slices of `range`, rising, without gaps. None is estimated to hold more than `rows_max` rows,
/// unless it is as short as a nanosecond or there would be more than `slices_max`.
std::vector<TimeRange> cut_time(const TimeRange& range, std::span<const RowSpan> spans,
                                uint64_t rows_max, size_t slices_max);

}  // namespace varve::engine
