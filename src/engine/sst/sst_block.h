// SPDX-License-Identifier: Apache-2.0
// Our block inside the Parquet file: the series directory and the checksums of what Varve reads.
// Bytes: docs/formats/sst.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace varve::engine {

/// Stands right before the block: CRC32C of everything behind the block, the Parquet footer.
inline constexpr uint64_t kFooterCrcBytes = 4;

/// A column chunk that Varve reads: `time`, then the fields, row group by row group.
struct SstChunk {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  uint32_t crc = 0;
};

struct SstBlock {
  std::string_view directory;  ///< Into the bytes decoded.
  std::vector<SstChunk> chunks;
};

std::string encode_block(std::string_view directory, const std::vector<SstChunk>& chunks);
Result<SstBlock> decode_block(std::string_view bytes);

}  // namespace varve::engine
