// SPDX-License-Identifier: Apache-2.0
// The two fingerprints Varve uses: CRC32C guards stored bytes, a 128-bit hash names keys.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string_view>

namespace varve {

/// CRC32C (Castagnoli) of the bytes, continuing from `seed` (0 to begin). Uses the processor's
/// instruction where there is one; the portable path gives the same value.
uint32_t crc32c(std::string_view bytes, uint32_t seed = 0);

/// 128 bits that name a key. Equal on every node and in every version of Varve.
struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;

  friend auto operator<=>(const Hash128&, const Hash128&) = default;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

/// XXH3-128 with a fixed seed. Part of the disk format: never change it.
Hash128 hash128(std::string_view bytes);

/// XXH3-128 with a seed of the caller: for process-local caches of untrusted keys.
Hash128 hash128_seeded(std::string_view bytes, uint64_t seed);

}  // namespace varve

template <>
struct std::hash<varve::Hash128> {
  size_t operator()(const varve::Hash128& hash) const noexcept { return hash.low; }
};
