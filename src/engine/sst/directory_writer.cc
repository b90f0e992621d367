// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/directory_writer.h"

#include <utility>

#include "base/checksum.h"

namespace varve::engine {

void DirectoryWriter::add_rows(const SeriesRef& series, const SeriesRows& rows,
                               std::span<const FieldSummary> summaries) {
  if (series_count_ == 0 || series.hash != series_last_) {
    if (block_.series_count() >= kBlockSeries || block_.plain_bytes() >= kBlockBytes) end_block();
    series_last_ = series.hash;
    ++series_count_;
  }
  block_.add_rows(series, rows, summaries);
  row_next_ += rows.row_count;
}

void DirectoryWriter::end_block() {
  if (block_.series_count() == 0) return;
  plain_.clear();
  block_.encode(plain_);
  FullBlock full;
  full.bytes = compressor_.compress(plain_, zstd_level_);
  full.place = {.first = block_.series(0).hash,
                .row_begin = std::exchange(block_row_begin_, row_next_),
                .size_bytes = static_cast<uint32_t>(full.bytes.size()),
                .plain_bytes = static_cast<uint32_t>(plain_.size()),
                .crc = crc32c(full.bytes),
                .series_count = static_cast<uint32_t>(block_.series_count())};
  for (size_t index = 0; index < block_.series_count(); ++index) {
    full.hashes_low.push_back(block_.series(index).hash.low);
  }
  full_.push_back(std::move(full));
  block_.clear();
}

Result<void> DirectoryWriter::write_full(const Sink& sink) {
  for (FullBlock& full : full_) {
    full.place.offset = TRY(sink(full.bytes));
    index_.add(full.place, full.hashes_low);
  }
  full_.clear();
  return {};
}

Result<DirectoryIndex> DirectoryWriter::finish(const Sink& sink) {
  end_block();
  TRY_VOID(write_full(sink));
  return std::move(index_);
}

}  // namespace varve::engine
