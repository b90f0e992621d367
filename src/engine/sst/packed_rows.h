// SPDX-License-Identifier: Apache-2.0
// The Parquet side of a packed file: a row for each series of a page, gathered until there are
// enough for a Parquet row group. Threads: one owner.
#pragma once

#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/sst/field_summary.h"
#include "engine/sst/parquet_columns.h"
#include "engine/sst/parquet_io.h"
#include "engine/sst/series_directory.h"
#include "engine/sst/sst_block.h"

namespace varve::engine {

class PackedRows {
 public:
  PackedRows(std::vector<SstColumn> tags, std::vector<SstColumn> fields, int zstd_level);

  /// The series of the next page and its bytes, of time and of each field. Call add_series() for
  /// each series first. `pages` has one string for each payload column. `tag_numbers`: as those of
  /// a SeriesSlice.
  void add_series(const SeriesRef& series, const SeriesRows& rows,
                  std::span<const FieldSummary> summaries,
                  std::span<const uint32_t> tag_numbers);
  void add_page(std::vector<std::string> pages);
  bool is_full() const;
  bool is_empty() const { return rows_.empty(); }

  /// Writes a Parquet row group, the first time the file's head too, and appends to `chunks` where
  /// the payloads lie, page by page.
  arrow::Status write(const std::shared_ptr<FileOutput>& output, std::vector<SstChunk>& chunks);
  /// Only after a first write().
  parquet::arrow::FileWriter& writer() { return *writer_; }

 private:
  struct Row {
    KeyHash hash;
    int64_t time_first_ns;
    int64_t time_last_ns;
    uint32_t row_count;
    bool has_summaries;
    bool has_page;  ///< The first series of its page: the payload stands in its row.
  };

  arrow::Status open(const std::shared_ptr<FileOutput>& output);
  arrow::Status write_keys();
  arrow::Status write_summaries();
  arrow::Status write_payload(size_t column, FileOutput& output, std::span<SstChunk> chunks);

  const std::vector<SstColumn> tags_;
  const std::vector<SstColumn> fields_;
  const int zstd_level_;
  size_t numeric_field_count_ = 0;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::vector<TagColumn> tag_cells_;
  std::vector<bool> is_plain_;  // By tag: no dictionary.
  std::deque<Row> rows_;        // Many: none is moved when there are more.
  std::vector<FieldSummary> summaries_;  // Of the rows that have some, field by field.
  std::vector<std::vector<std::string>> pages_;
  size_t page_bytes_ = 0;
  bool is_page_next_ = true;
  bool has_summaries_ = false;  ///< Whether the file has columns for them.
};

/// What payload columns are called: "time.page", and ".page" behind a field's name.
inline constexpr std::string_view kPageSuffix = ".page";

}  // namespace varve::engine
