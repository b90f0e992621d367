// SPDX-License-Identifier: Apache-2.0
// The simple loops over all values of a page that the encoder needs, compiled once for every
// processor and once more for wider registers. All give the same results.
// Threads: pure, safe anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace varve::engine::page {

struct Extent {
  int64_t least = 0;
  int64_t most = 0;
};

struct Steps {
  size_t changes = 0;      ///< How many values differ from the one before.
  bool are_equal = true;   ///< Every step is as long as the first.
};

/// Requires at least one value.
Extent extent_of(std::span<const int64_t> values);
Steps steps_of(std::span<const int64_t> values);
/// Modulo 2^64.
uint64_t sum_of(std::span<const int64_t> values);
/// out[i] = values[i + 1] − values[i], modulo 2^64; one less than there are values.
void put_steps(std::span<const int64_t> values, int64_t* out);
/// out[i] = values[i] − low, modulo 2^64.
void put_above(std::span<const int64_t> values, int64_t low, uint64_t* out);
/// The lowest eight bits of (values[i] − low) >> shift; shift is below 64.
void put_symbols(std::span<const int64_t> values, int64_t low, unsigned shift, uint8_t* out);

}  // namespace varve::engine::page
