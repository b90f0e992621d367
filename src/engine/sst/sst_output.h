// SPDX-License-Identifier: Apache-2.0
// A sorted file on its way, of whatever layout: bytes go to a temporary file, which gets its name
// when all of them are synced.
//
//   column chunks, directory blocks ─▶ index block ─▶ Parquet footer ─▶ sync ─▶ rename
//
// Threads: one owner.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/sst/directory_writer.h"
#include "engine/sst/parquet_io.h"
#include "engine/sst/sst_footer.h"
#include "io/file_system.h"

namespace varve::engine {

class SstOutput {
 public:
  /// Creates `<path>.tmp`, instead of an older one. `files` outlives it.
  static Result<std::unique_ptr<SstOutput>> create(FileSystem& files, std::string path);
  /// Without finish() the temporary file is removed; recovery does it should that fail.
  ~SstOutput();
  SstOutput(const SstOutput&) = delete;
  SstOutput& operator=(const SstOutput&) = delete;

  /// What Parquet's writer writes to; what is appended here stands between its parts.
  const std::shared_ptr<FileOutput>& stream() const { return stream_; }
  /// Appends blocks of the series directory. The output outlives it.
  DirectoryWriter::Sink sink();
  /// Appends our index block, behind room for the footer's checksum.
  Result<SstBlockPlace> write_index_block(std::string_view plain, int zstd_level);
  /// Lets Parquet write its footer, syncs and renames; gives the file's size.
  Result<uint64_t> finish(const std::function<arrow::Status()>& write_footer);

  /// An error of a file call keeps its code; others name the file.
  Result<void> from_arrow(const arrow::Status& status) const;

 private:
  SstOutput(FileSystem& files, std::string path, std::string temporary_path,
            std::unique_ptr<File> file);

  FileSystem& files_;
  const std::string path_;
  const std::string temporary_path_;
  std::unique_ptr<File> file_;  // Null: finished.
  std::shared_ptr<FileOutput> stream_;
  uint64_t footer_crc_offset_ = 0;
};

}  // namespace varve::engine
