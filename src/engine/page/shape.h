// SPDX-License-Identifier: Apache-2.0
// Integers as residuals of the transform that makes them smallest, by a sample of at most 256.
// Threads: pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/page/integers.h"

namespace varve::engine::page {

inline uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

/// a − b, modulo 2^64.
inline int64_t difference(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

/// Values as residuals of a transform, and what restores them.
struct Shape {
  Transform transform = Transform::kLine;
  uint64_t step = 1;
  uint64_t base = 0;   ///< For kLine still without the residuals' lowest.
  int64_t trend = 0;   ///< kLine: the line's slope.
  int64_t delta = 0;   ///< kDeltaOfDelta: the step before the first.
  std::vector<int64_t> residuals;
  int64_t least = 0;
  int64_t most = 0;
};

/// Requires at least three values.
Shape shape_of(std::span<const int64_t> values);

}  // namespace varve::engine::page
