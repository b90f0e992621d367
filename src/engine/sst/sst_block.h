// SPDX-License-Identifier: Apache-2.0
// Our blocks inside the Parquet file. The first one named by the footer holds the checksums of what
// Varve reads and the index of the series directory. Bytes: docs/formats/sst.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/sst/directory_index.h"

struct ZSTD_CCtx_s;  // zstd's context.

namespace varve::engine {

/// Stands right before the block: CRC32C of everything behind the block, the Parquet footer.
inline constexpr uint64_t kFooterCrcBytes = 4;

/// A column chunk that Varve reads: `time`, then the fields, row group by row group.
struct SstChunk {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;  ///< Of the Parquet column chunk.
  uint32_t nulls_bytes = 0; ///< Of the list of NULL cells right behind it; 0: none.
  uint32_t crc = 0;         ///< CRC32C of both.
};

struct SstBlock {
  std::vector<SstChunk> chunks;
  DirectoryIndex directory;
};

std::string encode_block(const DirectoryIndex& directory, const std::vector<SstChunk>& chunks);
Result<SstBlock> decode_block(std::string_view bytes, uint64_t file_bytes, uint64_t row_count);

/// Format 1 had the whole directory in this block.
struct SstBlockFormat1 {
  std::string_view directory;  ///< Into the bytes decoded.
  std::vector<SstChunk> chunks;
};
Result<SstBlockFormat1> decode_block_format1(std::string_view bytes);

/// A zstd frame.
std::string compress_block(std::string_view plain, int zstd_level);

/// For those who compress many blocks: what that takes, up to some megabytes, is made once.
/// Threads: one owner.
class BlockCompressor {
 public:
  /// The frame is that of compress_block().
  std::string compress(std::string_view plain, int zstd_level);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  std::string frame_;
};

/// kCorrupt unless it gives exactly so many bytes.
Result<std::string> decompress_block(std::string_view bytes, size_t plain_bytes);

}  // namespace varve::engine
