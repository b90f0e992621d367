// SPDX-License-Identifier: Apache-2.0
// Any bytes as points in MessagePack: refused, or read twice alike with keys that come apart.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "codec/msgpack_points.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto source = varve::make_msgpack_source(
      std::string(reinterpret_cast<const char*>(data), size), {.now_ns = 5, .chunk_points_max = 3});
  if (!source) return 0;
  uint64_t counts[2] = {0, 0};
  for (uint64_t& count : counts) {
    varve::PointChunk chunk;
    while ((*source)->next(chunk)) {
      for (const auto& point : chunk.points) {
        const auto key = (*source)->parse_key(point.raw_key);
        CHECK(key && !key->table.empty());
        CHECK(point.fields_begin < point.fields_end && point.fields_end <= chunk.fields.size());
        ++count;
      }
    }
    (*source)->rewind();
  }
  CHECK(counts[0] == counts[1]);
  return 0;
}
