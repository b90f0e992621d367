// SPDX-License-Identifier: Apache-2.0
// Makes the series directory of a file while its rows are written: blocks of neighbouring series,
// compressed, which go into the file as soon as they are full, and the index over them.
// Memory: the block that is being filled, full ones not written yet, and the index.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/sst/directory_index.h"
#include "engine/sst/series_directory.h"
#include "engine/sst/sst_block.h"

namespace varve::engine {

class DirectoryWriter {
 public:
  /// A block ends with the series that makes it so long.
  static constexpr size_t kBlockSeries = 1'024;
  static constexpr size_t kBlockBytes = 128 * 1'024;
  /// Puts bytes into the file and gives the offset at which they lie now.
  using Sink = std::function<Result<uint64_t>(std::string_view bytes)>;

  DirectoryWriter(size_t numeric_field_count, int zstd_level)
      : zstd_level_(zstd_level), block_(numeric_field_count) {}

  /// As SeriesDirectory::add_rows; rows come in the order in which the file has them.
  void add_rows(const SeriesRef& series, const SeriesRows& rows,
                std::span<const FieldSummary> summaries);
  uint64_t series_count() const { return series_count_; }

  /// Writes the blocks that are full.
  Result<void> write_full(const Sink& sink);
  /// Writes the rest and ends.
  Result<DirectoryIndex> finish(const Sink& sink);

 private:
  struct FullBlock {
    std::string bytes;
    DirectoryBlockPlace place;
    std::vector<uint64_t> hashes_low;
  };
  void end_block();

  const int zstd_level_;
  BlockCompressor compressor_;
  std::string plain_;  // Of the block that ends.
  SeriesDirectory block_;
  KeyHash series_last_;
  uint64_t block_row_begin_ = 0;
  uint64_t row_next_ = 0;
  uint64_t series_count_ = 0;
  std::vector<FullBlock> full_;
  DirectoryIndex index_;
};

}  // namespace varve::engine
