// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/write_pace.h"

#include <algorithm>

namespace varve::engine {

std::chrono::nanoseconds rest_after(size_t grown_bytes, size_t used_bytes, size_t bytes_max) {
  constexpr double kFreeShare = 1.25;
  constexpr double kNsPerByteMost = 100e6 / (1 << 20);
  constexpr double kRestNsMost = 100e6;
  const double share = static_cast<double>(used_bytes) / static_cast<double>(bytes_max);
  if (share <= kFreeShare) return {};
  const double over = std::min(1.0, (share - kFreeShare) / (2 - kFreeShare));
  const double rest_ns = static_cast<double>(grown_bytes) * over * over * kNsPerByteMost;
  return std::chrono::nanoseconds(static_cast<int64_t>(std::min(rest_ns, kRestNsMost)));
}

}  // namespace varve::engine
