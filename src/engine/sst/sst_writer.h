// SPDX-License-Identifier: Apache-2.0
// Writes one SST: rows of one table and segment, already merged and in order.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/sst/field_summary.h"
#include "engine/sst/sst_layout.h"
#include "io/file_system.h"
#include "model/column_vector.h"
#include "model/ids.h"
#include "model/series_key.h"
#include "model/time_range.h"

namespace varve::engine {

/// A column of the file. Names are for other tools; Varve goes by ids.
struct SstColumn {
  ColumnId id{};
  ColumnKind kind = ColumnKind::kField;
  ValueType type = ValueType::kFloat64;
  std::string name;
};

/// What the manifest says of a file besides, so that the file alone is enough to name it again.
struct SstOrigin {
  MergeMode mode = MergeMode::kMerge;
  TimeRange segment_range;
  /// As SstMeta::deletes_applied when the file was made.
  Version deletes_applied;
  friend bool operator==(const SstOrigin&, const SstOrigin&) = default;
};

struct SstWriterOptions {
  std::string path;
  SstLayout layout = SstLayout::kColumnar;
  TableId table{};
  SegmentId segment{};
  std::string table_name;
  /// Tags and fields. A tag that no series has and a field without a cell cost a few bytes.
  std::vector<SstColumn> columns;
  Version version_first;
  Version version_last;
  SstOrigin origin;
  uint32_t row_group_rows_max = 128 * 1024;
  /// Of the cells in memory; a row group has at least one row.
  size_t row_group_bytes_max = 32 << 20;
  int zstd_level = 3;
};

/// What the manifest keeps of a file.
struct SstSummary {
  uint64_t row_count = 0;
  uint64_t series_count = 0;
  uint64_t size_bytes = 0;
  int64_t time_first_ns = 0;
  int64_t time_last_ns = 0;
  std::vector<ColumnId> fields_present;  ///< Rising; fields with at least one cell.
};

/// Rows [row_begin, row_begin + row_count) of a table of rows are those of one series.
struct SeriesSlice {
  SeriesRef series;
  size_t row_begin = 0;
  size_t row_count = 0;
  /// Empty, or one for each tag of the options, in their order: whoever calls numbers the texts of
  /// a tag for as long as the writer lives; 0: the series lacks it. So keys need not be read.
  std::span<const uint32_t> tag_numbers;
};

/// A page of one series as a packed file has it.
struct SeriesPage {
  SeriesRef series;
  uint32_t row_count = 0;
  int64_t time_first_ns = 0;
  int64_t time_last_ns = 0;
  /// Of each float, integer and unsigned field; empty below SeriesDirectory::kSummaryRowsMin rows.
  std::vector<FieldSummary> summaries;
  std::vector<std::string> pages;  ///< Times, then the fields.
};

class SstWriter {
 public:
  virtual ~SstWriter() = default;
  /// Rows of one series, rising in time (equal times only in append tables). Series come by rising
  /// hash; one series may come in several calls. `fields`: one for each field of the options, in
  /// their order, each as long as `times_ns`.
  virtual Result<void> append(const SeriesRef& series, std::span<const int64_t> times_ns,
                              std::span<const ColumnView> fields) = 0;
  /// append() of each slice; slices follow each other without gaps, from row 0 to the last.
  virtual Result<void> append_slices(std::span<const SeriesSlice> slices,
                                     std::span<const int64_t> times_ns,
                                     std::span<const ColumnView> fields);
  /// Like append() of the page's rows, but takes it as it is. Only of layout `packed`, and pages of
  /// at most `row_group_rows_max` rows.
  virtual Result<void> append_page(SeriesPage page);
  /// Writes the rest, syncs the file and gives it its name; the name is durable after the caller
  /// has synced the folder. Without a row: kInternal. Ends the writer. Without it nothing stays
  /// but perhaps a file named `<path>.tmp`.
  virtual Result<SstSummary> finish() = 0;

 protected:
  Result<void> append_slice(const SeriesSlice& slice, std::span<const int64_t> times_ns,
                            std::span<const ColumnView> fields);
};

/// `files` outlives it.
Result<std::unique_ptr<SstWriter>> make_sst_writer(FileSystem& files, SstWriterOptions options);

}  // namespace varve::engine
