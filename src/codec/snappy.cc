// SPDX-License-Identifier: Apache-2.0
#include "codec/snappy.h"

#include <snappy.h>

namespace varve {

Result<std::string> unsnappy(std::string_view compressed, size_t size_bytes_max) {
  size_t size_bytes = 0;
  if (!snappy::GetUncompressedLength(compressed.data(), compressed.size(), &size_bytes)) {
    return fail(ErrorCode::kInvalidInput, "snappy: corrupt input");
  }
  if (size_bytes > size_bytes_max) {
    return fail(ErrorCode::kTooLarge, "the body has " + std::to_string(size_bytes) +
                                          " bytes when uncompressed; " +
                                          std::to_string(size_bytes_max) + " are allowed");
  }
  // Checked before memory is taken: the length at its front is only what the sender says.
  if (!snappy::IsValidCompressedBuffer(compressed.data(), compressed.size())) {
    return fail(ErrorCode::kInvalidInput, "snappy: corrupt input");
  }
  std::string plain(size_bytes, '\0');
  if (!snappy::RawUncompress(compressed.data(), compressed.size(), plain.data())) {
    return fail(ErrorCode::kInvalidInput, "snappy: corrupt input");
  }
  return plain;
}

std::string to_snappy(std::string_view plain) {
  std::string compressed;
  snappy::Compress(plain.data(), plain.size(), &compressed);
  return compressed;
}

}  // namespace varve
