// SPDX-License-Identifier: Apache-2.0
// Doubles that are decimal numbers in truth, as integers and a power of ten.
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace varve::engine::page {

inline constexpr int kExponentMax = 15;

/// Values that are scaled[i] / 10^exponent to the bit, but for the exceptions.
struct Decimals {
  int exponent = 0;
  std::vector<int64_t> scaled;
  std::vector<std::pair<uint32_t, uint64_t>> exceptions;  ///< Index, bits; rising.
};

/// Nothing when a sample says that the values are no decimals, or too many are none.
std::optional<Decimals> to_decimals(std::span<const double> values);

void encode_decimals(const Decimals& decimals, std::string& out);
/// Writes `count` doubles.
Result<void> decode_decimals(ByteReader& in, size_t count, void* out);

}  // namespace varve::engine::page
