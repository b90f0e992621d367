// SPDX-License-Identifier: Apache-2.0
// A file of line protocol as batches of whole lines.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "varve/line_splitter.h"

namespace varve {

/// Whole lines, with their place in the (decompressed) text.
struct ImportBatch {
  std::string text;
  uint64_t line_first = 1;  ///< Counts from 1.
  uint64_t line_count = 0;
  uint64_t offset_begin = 0;  ///< Bytes.
  uint64_t offset_end = 0;
};

/// Plain or gzipped (several members too). Threads: one owner.
class ImportSource {
 public:
  static constexpr size_t kBatchBytesMax = 8 << 20;

  /// kIo names the file.
  static Result<ImportSource> open(const std::string& path);
  ImportSource(ImportSource&&) noexcept;
  ~ImportSource();

  /// The next batch: at most so many lines, and no more than kBatchBytesMax and one line. A batch
  /// without lines at the end. kCorrupt for damaged compression.
  Result<ImportBatch> next(size_t lines_max);
  /// Throws batches away until that place, which is the end of an earlier batch.
  Result<void> skip_to(uint64_t offset, uint64_t lines_before);

  uint64_t file_bytes() const { return file_bytes_; }
  /// How much of the file was read, compressed as it is.
  uint64_t file_bytes_read() const;

 private:
  struct File;
  ImportSource(std::unique_ptr<File> file, std::string path, uint64_t file_bytes);
  /// False at the end.
  Result<bool> fill();

  std::unique_ptr<File> file_;
  std::string path_;
  uint64_t file_bytes_;
  LineSplitter splitter_;
  std::string buffer_;  // Read and not yet taken, from buffer_at_ on.
  size_t buffer_at_ = 0;
  uint64_t offset_ = 0;
  uint64_t line_next_ = 1;
};

}  // namespace varve
