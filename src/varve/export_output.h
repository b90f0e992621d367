// SPDX-License-Identifier: Apache-2.0
// Where an export goes: standard output, or a file that has its name once it is whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"
#include "serve/admin/line_export.h"
#include "serve/http/gzip_encoder.h"

namespace varve {

/// Threads: one owner. Dropped without finish(), it leaves no file.
class ExportOutput {
 public:
  /// `path` "-" is standard output. The files outlive it. kIo names the file.
  static Result<ExportOutput> open(FileSystem& files, const std::string& path, bool gzip);
  ExportOutput(ExportOutput&&) = default;
  ~ExportOutput();

  Result<void> write(std::string_view text);
  /// Everything is there: gives the file its name, durably. kCorrupt when the text does not end as
  /// an export does; then there is no file.
  Result<admin::ExportFigures> finish();

  uint64_t lines() const { return lines_; }
  uint64_t bytes() const { return bytes_; }

 private:
  ExportOutput(FileSystem& files, std::string path, std::unique_ptr<File> file, bool gzip);
  Result<void> put(std::string_view bytes);
  std::string partial_path() const { return path_ + ".partial"; }

  FileSystem* files_;  // Outlives it.
  std::string path_;
  std::unique_ptr<File> file_;  // Null: standard output.
  std::unique_ptr<GzipEncoder> gzip_;
  uint64_t file_bytes_ = 0;
  uint64_t lines_ = 0;  // Newlines, those inside of texts too.
  uint64_t bytes_ = 0;  // Before compression.
  std::string tail_;
};

/// What the last line of an export says; nothing when `tail` does not end with such a line.
std::optional<admin::ExportFigures> export_figures(std::string_view tail);

}  // namespace varve
