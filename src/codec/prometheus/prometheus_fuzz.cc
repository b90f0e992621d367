// SPDX-License-Identifier: Apache-2.0
// Any bytes as bodies of Prometheus: refused, or read twice alike.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "codec/prometheus/remote_read.h"
#include "codec/prometheus/remote_write.h"
#include "codec/snappy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kBytesMax = 1 << 20;
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto plain = varve::unsnappy(body, kBytesMax);
  CHECK(!plain || plain->size() <= kBytesMax);
  static_cast<void>(varve::parse_remote_read(body));
  const auto source = varve::make_remote_write_source(body);
  if (!source) return 0;
  uint64_t counts[2] = {0, 0};
  for (uint64_t& count : counts) {
    varve::PointChunk chunk;
    while ((*source)->next(chunk)) {
      for (const auto& point : chunk.points) {
        CHECK((*source)->parse_key(point.raw_key));
        ++count;
      }
    }
    (*source)->rewind();
  }
  CHECK(counts[0] == counts[1]);
  return 0;
}
