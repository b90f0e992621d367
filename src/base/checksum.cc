// SPDX-License-Identifier: Apache-2.0
// crc32c() itself stands beside its two paths in base/crc32c.cc.
#include "base/checksum.h"

#include <xxhash.h>

namespace varve {

Hash128 hash128(std::string_view bytes) { return hash128_seeded(bytes, 0); }

Hash128 hash128_seeded(std::string_view bytes, uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {.high = hash.high64, .low = hash.low64};
}

}  // namespace varve
