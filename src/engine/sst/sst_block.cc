// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/sst_block.h"

#include <zstd.h>

#include <algorithm>
#include <memory>

#include "base/bytes.h"
#include "base/check.h"

namespace varve::engine {
namespace {

std::vector<SstChunk> read_chunks(ByteReader& reader, bool with_nulls) {
  std::vector<SstChunk> chunks;
  const uint64_t chunk_count = reader.varint();
  for (uint64_t index = 0; index < chunk_count && !reader.failed(); ++index) {
    SstChunk chunk;
    chunk.offset = reader.varint();
    chunk.size_bytes = reader.varint();
    if (with_nulls) chunk.nulls_bytes = static_cast<uint32_t>(reader.varint());
    chunk.crc = reader.u32();
    chunks.push_back(chunk);
  }
  return chunks;
}

}  // namespace

std::string encode_block(const DirectoryIndex& directory, const std::vector<SstChunk>& chunks) {
  std::string out;
  ByteWriter writer(out);
  writer.varint(chunks.size());
  for (const SstChunk& chunk : chunks) {
    writer.varint(chunk.offset);
    writer.varint(chunk.size_bytes);
    writer.varint(chunk.nulls_bytes);
    writer.u32(chunk.crc);
  }
  directory.encode(out);
  return out;
}

Result<SstBlock> decode_block(std::string_view bytes, uint64_t file_bytes, uint64_t row_count) {
  ByteReader reader(bytes);
  SstBlock block;
  block.chunks = read_chunks(reader, true);
  block.directory = TRY(DirectoryIndex::decode(reader, file_bytes, row_count));
  if (reader.failed() || !reader.at_end()) {
    return fail(ErrorCode::kCorrupt, "its list of column chunks is cut short");
  }
  return block;
}

Result<SstBlockFormat1> decode_block_format1(std::string_view bytes) {
  ByteReader reader(bytes);
  SstBlockFormat1 block;
  block.chunks = read_chunks(reader, false);
  block.directory = reader.string();
  if (reader.failed() || !reader.at_end()) {
    return fail(ErrorCode::kCorrupt, "its list of column chunks is cut short");
  }
  return block;
}

std::string compress_block(std::string_view plain, int zstd_level) {
  return BlockCompressor().compress(plain, zstd_level);
}

void BlockCompressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

std::string BlockCompressor::compress(std::string_view plain, int zstd_level) {
  if (!context_) context_.reset(ZSTD_createCCtx());
  frame_.resize(std::max(frame_.size(), ZSTD_compressBound(plain.size())));
  const size_t size = ZSTD_compressCCtx(context_.get(), frame_.data(), frame_.size(), plain.data(),
                                        plain.size(), zstd_level);
  CHECK(!ZSTD_isError(size));
  return frame_.substr(0, size);
}

Result<std::string> decompress_block(std::string_view bytes, size_t plain_bytes) {
  // Before so much memory is asked for.
  if (ZSTD_getFrameContentSize(bytes.data(), bytes.size()) != plain_bytes) {
    return fail(ErrorCode::kCorrupt, "a block has another size than its index says");
  }
  std::string plain(plain_bytes, '\0');
  // Kept: making one costs more than a small block.
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  CHECK(context != nullptr);
  const size_t size = ZSTD_decompressDCtx(context.get(), plain.data(), plain.size(), bytes.data(),
                                          bytes.size());
  if (ZSTD_isError(size) || size != plain_bytes) {
    return fail(ErrorCode::kCorrupt, "a block does not decompress");
  }
  return plain;
}

}  // namespace varve::engine
