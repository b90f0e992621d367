// SPDX-License-Identifier: Apache-2.0
// A file of line protocol as batches of whole lines. A file of `varve export`, `influx_inspect
// export` or for `influx -import` also says what to make and where its lines go:
//
//   # DDL                                   statements follow, one a line
//   CREATE DATABASE plant
//   # DML                                   points follow
//   # CONTEXT-DATABASE:plant
//   # CONTEXT-RETENTION-POLICY:autogen
//   cpu v=1 1
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "varve/line_splitter.h"

namespace varve {

/// Where points go.
struct ImportContext {
  std::string database;  ///< Empty: nobody said.
  std::string policy;    ///< Empty: the database's default.
  friend bool operator==(const ImportContext&, const ImportContext&) = default;
};

/// Whole lines, with their place in the (decompressed) text.
struct ImportBatch {
  enum class Kind : uint8_t {
    kPoints,
    kStatement,  ///< One line with a statement.
    kNothing,    ///< Comments and empty lines only.
  };
  Kind kind = Kind::kPoints;
  ImportContext context;
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
  static Result<ImportSource> open(const std::string& path, ImportContext context);
  ImportSource(ImportSource&&) noexcept;
  ~ImportSource();

  /// The next batch: at most so many lines, and no more than kBatchBytesMax and one line. It also
  /// ends behind a line that begins a section or says where points go. A batch without lines at the
  /// end. kCorrupt for damaged compression.
  Result<ImportBatch> next(size_t lines_max);
  /// Throws lines away until that place, which is the end of an earlier batch.
  Result<void> skip_to(uint64_t offset);

  uint64_t file_bytes() const { return file_bytes_; }
  /// How much of the file was read, compressed as it is.
  uint64_t file_bytes_read() const;

 private:
  struct File;
  ImportSource(std::unique_ptr<File> file, std::string path, uint64_t file_bytes,
               ImportContext context);
  /// False at the end.
  Result<bool> fill();
  /// Appends the rest of a line, which may lack its newline at the end of the file; false when
  /// there is none.
  Result<bool> read_line(std::string& text);
  /// Takes notice of a line that begins a section or says where points go; false for any other.
  bool read_marker(std::string_view line);

  std::unique_ptr<File> file_;
  std::string path_;
  uint64_t file_bytes_;
  LineSplitter splitter_;
  ImportContext context_;
  bool in_statements_ = false;
  std::string buffer_;  // Read and not yet taken, from buffer_at_ on.
  size_t buffer_at_ = 0;
  uint64_t offset_ = 0;
  uint64_t line_next_ = 1;
};

}  // namespace varve
