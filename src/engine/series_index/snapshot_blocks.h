// SPDX-License-Identifier: Apache-2.0
// A file of blocks, each with its size and its checksum, that hold items; no item lies in two.
// Blocks are compressed where that makes them smaller.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "engine/sst/sst_block.h"
#include "io/file_system.h"

namespace varve::engine {

class SnapshotBlockWriter {
 public:
  /// The file outlives the writer.
  explicit SnapshotBlockWriter(File& file) : file_(file), writer_(block_) {}

  /// Where the next item goes, as a whole; then end_item().
  ByteWriter& item() { return writer_; }
  Result<void> end_item();
  /// Writes what is left, and an empty block, which ends the file.
  Result<void> finish();

 private:
  static constexpr size_t kBlockBytes = 1 << 20;
  Result<void> write_block();

  File& file_;
  BlockCompressor compressor_;
  std::string block_;
  ByteWriter writer_;
  uint64_t offset_ = 0;
};

class SnapshotBlockReader {
 public:
  explicit SnapshotBlockReader(const File& file) : file_(file), reader_({}) {}

  /// The next item is read from here, as a whole. kCorrupt when a block is damaged or missing.
  Result<ByteReader*> item();
  /// Requires that all items were read.
  Result<void> expect_end();
  /// For those who find an item senseless.
  tl::unexpected<Error> corrupt(const char* what) const;

 private:
  Result<void> read_block();
  Result<void> decompress();

  const File& file_;
  std::string block_;
  ByteReader reader_;
  uint64_t block_offset_ = 0;
  uint64_t offset_ = 0;
  bool at_end_ = false;
};

}  // namespace varve::engine
