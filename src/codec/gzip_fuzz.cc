// SPDX-License-Identifier: Apache-2.0
// Any bytes as a gzip body: an answer within the limit or an error; and the walk that explains
// errors calls no stream cut off that decompresses.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "codec/deflate_fault.h"
#include "codec/gzip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kBytesMax = 100'000;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto result = varve::gunzip(body, kBytesMax);
  CHECK(!result || result->size() <= kBytesMax);
  const bool plain_header = size > 10 && data[3] == 0;
  if (result && plain_header) CHECK(!varve::find_deflate_fault(body.substr(10)).truncated);
  return 0;
}
