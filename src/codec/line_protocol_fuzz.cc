// SPDX-License-Identifier: Apache-2.0
// Any bytes as a body: the source must say the same as the grammar alone, and stay inside the body.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "codec/line/reference.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // The first byte chooses precision and chunk size.
  const varve::LineProtocolOptions options{
      .precision = static_cast<varve::TimePrecision>(data[0] % 6),
      .now_ns = 1'577'836'812'345'678'901,
      .chunk_points_max = data[0] < 128 ? 1u : 256u};
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto by_source = varve::line_protocol::parse_by_source(body, options);
  const auto by_grammar = varve::line_protocol::parse_by_grammar(body, options);
  CHECK(by_source == by_grammar);
  return 0;
}
