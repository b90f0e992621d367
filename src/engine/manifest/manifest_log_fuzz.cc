// SPDX-License-Identifier: Apache-2.0
// Any bytes as a manifest: no crash, and what decodes encodes to something that decodes the same.
#include <cstdint>
#include <cstdlib>

#include "engine/manifest/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size_bytes);
  (void)varve::engine::read_manifest_log(bytes);
  if (const auto edit = varve::engine::decode_manifest_edit(bytes)) {
    const auto again =
        varve::engine::decode_manifest_edit(varve::engine::encode_manifest_edit(*edit));
    if (!again || !(*again == *edit)) std::abort();
  }
  return 0;
}
