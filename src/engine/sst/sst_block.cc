// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/sst_block.h"

#include "base/bytes.h"

namespace varve::engine {

std::string encode_block(std::string_view directory, const std::vector<SstChunk>& chunks) {
  std::string out;
  ByteWriter writer(out);
  writer.varint(chunks.size());
  for (const SstChunk& chunk : chunks) {
    writer.varint(chunk.offset);
    writer.varint(chunk.size_bytes);
    writer.u32(chunk.crc);
  }
  writer.string(directory);
  return out;
}

Result<SstBlock> decode_block(std::string_view bytes) {
  ByteReader reader(bytes);
  SstBlock block;
  const uint64_t chunk_count = reader.varint();
  for (uint64_t index = 0; index < chunk_count && !reader.failed(); ++index) {
    SstChunk chunk;
    chunk.offset = reader.varint();
    chunk.size_bytes = reader.varint();
    chunk.crc = reader.u32();
    block.chunks.push_back(chunk);
  }
  block.directory = reader.string();
  if (reader.failed() || !reader.at_end()) {
    return fail(ErrorCode::kCorrupt, "its list of column chunks is cut short");
  }
  return block;
}

}  // namespace varve::engine
