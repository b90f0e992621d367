// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a manifest, and as one edit.
#include <cstdint>

#include "engine/manifest/manifest_records.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  using namespace varve::engine;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size_bytes);
  static_cast<void>(scan_manifest(bytes));
  if (const auto decoded = decode_manifest_edit(bytes)) {
    ManifestState state;
    state.apply(decoded->edit);
    std::string again;
    encode_manifest_edit(state.snapshot(), state.sst_id_next(), again);
    if (!decode_manifest_edit(again)) __builtin_trap();
  }
  return 0;
}
