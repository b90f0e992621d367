// SPDX-License-Identifier: Apache-2.0
// The resident part of a file's series directory: where its blocks lie, and a filter that says in
// nanoseconds that a series is not in the file.
// Memory: 64 bytes a block of up to 1,024 series, and 1.25 bytes a series.
// Bytes: docs/formats/sst.md. Threads: immutable once made; safe anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/series_key.h"

namespace varve::engine {

/// One block of the directory: neighbouring series and where their rows are.
struct DirectoryBlockPlace {
  KeyHash first;             ///< Of its first series.
  uint64_t offset = 0;       ///< In the file.
  uint64_t row_begin = 0;    ///< Of the file; its rows reach to those of the next block.
  uint32_t size_bytes = 0;   ///< In the file, compressed.
  uint32_t plain_bytes = 0;
  uint32_t crc = 0;          ///< CRC32C of the bytes in the file.
  uint32_t series_count = 0;
};

class DirectoryIndex {
 public:
  static constexpr size_t kFilterBitsPerSeries = 10;

  /// Adds the next block. `hashes_low`: the lower half of the hash of each of its series.
  void add(const DirectoryBlockPlace& block, const std::vector<uint64_t>& hashes_low);

  size_t block_count() const { return blocks_.size(); }
  const DirectoryBlockPlace& block(size_t index) const { return blocks_[index]; }
  uint64_t series_count() const { return series_count_; }
  /// The only block that may hold the series. Nothing: the file does not have it, which is said of
  /// about 99 in 100 series that it does not have.
  std::optional<uint32_t> find(const KeyHash& hash) const;
  size_t size_bytes() const;

  void encode(std::string& out) const;
  /// Reads what encode() gave and no more. kCorrupt when it makes no sense for a file of so many
  /// bytes and rows.
  static Result<DirectoryIndex> decode(ByteReader& reader, uint64_t file_bytes,
                                       uint64_t row_count);
  /// For a file without an index, whose directory is one block.
  static DirectoryIndex of_one_block(const DirectoryBlockPlace& block);

 private:
  static constexpr size_t kFilterWords = 8;  // Of 32 bits: a filter block, a cache line's half.
  static size_t filter_blocks(uint64_t series_count) {
    return (series_count * kFilterBitsPerSeries + kFilterWords * 32 - 1) / (kFilterWords * 32);
  }

  std::vector<DirectoryBlockPlace> blocks_;
  std::vector<uint32_t> filter_begins_;  // By block: its first word in filter_.
  std::vector<uint32_t> filter_;         // Empty: every series may be there.
  uint64_t series_count_ = 0;
};

}  // namespace varve::engine
