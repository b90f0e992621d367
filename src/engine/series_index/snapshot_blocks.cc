// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/snapshot_blocks.h"

#include <cstring>

#include "base/checksum.h"

namespace varve::engine {
namespace {

constexpr size_t kHeadBytes = 8;
// Of the size: a zstd frame stands behind the size that it gives.
constexpr uint32_t kCompressed = 1u << 31;
constexpr int kZstdLevel = 1;
// zstd makes no more than some thousand bytes of one: a small block cannot ask for much memory.
constexpr size_t kExpansionMax = 65'536;

}  // namespace

Result<void> SnapshotBlockWriter::end_item() {
  return block_.size() < kBlockBytes ? Result<void>() : write_block();
}

Result<void> SnapshotBlockWriter::write_block() {
  uint32_t flag = 0;
  std::string packed;
  ByteWriter(packed).u32(static_cast<uint32_t>(block_.size()));
  packed += compressor_.compress(block_, kZstdLevel);
  // Hashes do not become smaller, and are read faster as they are.
  if (packed.size() * 10 < block_.size() * 9) {
    block_.swap(packed);
    flag = kCompressed;
  }
  std::string head;
  ByteWriter writer(head);
  writer.u32(static_cast<uint32_t>(block_.size()) | flag);
  // The size is covered too.
  writer.u32(crc32c(block_, crc32c(head)));
  TRY_VOID(file_.write_at(offset_, head));
  TRY_VOID(file_.write_at(offset_ + kHeadBytes, block_));
  offset_ += kHeadBytes + block_.size();
  block_.clear();
  return {};
}

Result<void> SnapshotBlockWriter::finish() {
  if (!block_.empty()) TRY_VOID(write_block());
  TRY_VOID(write_block());
  return file_.sync();
}

tl::unexpected<Error> SnapshotBlockReader::corrupt(const char* what) const {
  return fail(ErrorCode::kCorrupt, std::string("series snapshot: ") + what +
                                       " in the block at byte " + std::to_string(block_offset_));
}

Result<void> SnapshotBlockReader::read_block() {
  if (at_end_) return corrupt("an item is missing");
  block_offset_ = offset_;
  char head[kHeadBytes] = {};
  const size_t head_bytes = TRY(file_.read_into(offset_, head, kHeadBytes));
  ByteReader reader(std::string_view(head, head_bytes));
  const uint32_t size_and_flag = reader.u32();
  const uint32_t size = size_and_flag & ~kCompressed;
  const uint32_t checksum = reader.u32();
  if (reader.failed()) return corrupt("the file ends");
  const uint64_t left = TRY(file_.size_bytes()) - offset_ - kHeadBytes;
  if (size > left) return corrupt("the size is wrong");
  block_.resize(size);
  if (TRY(file_.read_into(offset_ + kHeadBytes, block_.data(), size)) != size) {
    return corrupt("the file ends");
  }
  if (crc32c(block_, crc32c(std::string_view(head, 4))) != checksum) {
    return corrupt("the checksum is wrong");
  }
  offset_ += kHeadBytes + size;
  at_end_ = size == 0;
  if (size != size_and_flag) TRY_VOID(decompress());
  reader_ = ByteReader(block_);
  return {};
}

Result<void> SnapshotBlockReader::decompress() {
  ByteReader reader(block_);
  const uint32_t plain_bytes = reader.u32();
  const std::string_view frame = reader.raw(reader.remaining_bytes());
  if (reader.failed() || plain_bytes / kExpansionMax > frame.size()) {
    return corrupt("the size is wrong");
  }
  auto plain = decompress_block(frame, plain_bytes);
  if (!plain) return corrupt("a frame does not decompress");
  block_ = std::move(*plain);
  return {};
}

Result<ByteReader*> SnapshotBlockReader::item() {
  if (reader_.failed()) return corrupt("an item ends early");
  if (reader_.at_end()) TRY_VOID(read_block());
  if (at_end_) return corrupt("an item is missing");
  return &reader_;
}

Result<void> SnapshotBlockReader::expect_end() {
  if (reader_.failed()) return corrupt("an item ends early");
  if (!reader_.at_end()) return corrupt("something follows the last item");
  TRY_VOID(read_block());
  return at_end_ ? Result<void>() : corrupt("something follows the last item");
}

}  // namespace varve::engine
