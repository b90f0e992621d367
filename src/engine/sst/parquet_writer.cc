// SPDX-License-Identifier: Apache-2.0
// SstWriter over parquet::arrow::FileWriter, for the layouts columnar and hybrid.
// Bytes: docs/formats/sst.md.
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "engine/sst/directory_writer.h"
#include "engine/sst/null_cells.h"
#include "engine/sst/packed_writer.h"
#include "engine/sst/parquet_columns.h"
#include "engine/sst/parquet_io.h"
#include "engine/sst/parquet_shape.h"
#include "engine/sst/sst_block.h"
#include "engine/sst/sst_footer.h"
#include "engine/sst/sst_output.h"
#include "engine/sst/sst_writer.h"

namespace varve::engine {
namespace {

class ParquetSstWriter final : public SstWriter {
 public:
  ParquetSstWriter(SstWriterOptions options, std::unique_ptr<SstOutput> output)
      : options_(std::move(options)), output_(std::move(output)),
        shape_(ParquetShape::make(options_)),
        times_(ValueType::kTimestamp), tag_cells_(shape_.tags.size()),
        has_cells_(shape_.fields.size()),
        directory_(numeric_field_count(options_), options_.zstd_level) {
    // Tags of a flat file have an index for each row.
    row_bytes_ = 8 + (shape_.is_hybrid() ? 0 : shape_.tags.size() * 4);
    for (const SstColumn& field : shape_.fields) {
      cells_.emplace_back(field.type);
      row_bytes_ += ColumnVector::cell_size_bytes(field.type);
      has_texts_ |= is_variable_size(field.type);
    }
  }

  Result<void> append(const SeriesRef& series, std::span<const int64_t> times_ns,
                      std::span<const ColumnView> fields) override {
    CHECK(fields.size() == cells_.size());
    if (!run_began_ || series.hash != run_hash_) {
      end_run();
      run_began_ = true;
      run_hash_ = series.hash;
      run_key_ = series.key;
    }
    size_t begin = 0;
    while (begin < times_ns.size()) {
      const size_t end = begin + rows_that_fit(fields, begin, times_ns.size());
      append_rows(times_ns, fields, begin, end);
      begin = end;
      if (begin < times_ns.size()) TRY_VOID(write_row_group());
    }
    return {};
  }

  Result<SstSummary> finish() override {
    if (times_.row_count() > 0) TRY_VOID(write_row_group());
    if (summary_.row_count == 0) {
      return fail(ErrorCode::kInternal, "sorted file " + options_.path + " has no rows");
    }
    TRY_VOID(write_directory());
    summary_.size_bytes = TRY(output_->finish([&] { return (*writer_).Close(); }));
    summary_.series_count = directory_.series_count();
    for (size_t field = 0; field < cells_.size(); ++field) {
      if (has_cells_[field]) summary_.fields_present.push_back(shape_.fields[field].id);
    }
    std::sort(summary_.fields_present.begin(), summary_.fields_present.end());
    return summary_;
  }

 private:
  static size_t numeric_field_count(const SstWriterOptions& options) {
    return static_cast<size_t>(std::ranges::count_if(options.columns, [](const SstColumn& column) {
      return column.kind == ColumnKind::kField && is_summarized(column.type);
    }));
  }

  /// How many of the rows [begin, end) go into the row group that is being filled; at least one
  /// into an empty one. Counts their bytes.
  size_t rows_that_fit(std::span<const ColumnView> fields, size_t begin, size_t end) {
    const size_t room = options_.row_group_rows_max - times_.row_count();
    const size_t rows_max = std::min(end - begin, room);
    size_t rows = 0;
    for (; rows < rows_max; ++rows) {
      size_t bytes = row_bytes_;
      for (size_t field = 0; has_texts_ && field < fields.size(); ++field) {
        const ColumnView& cells = fields[field];
        if (!is_variable_size(cells.type) || !cells.has_value(begin + rows)) continue;
        bytes += cells.as<std::string_view>()[begin + rows].size();
      }
      const bool is_first = rows == 0 && times_.row_count() == 0;
      if (!is_first && row_group_bytes_ + bytes > options_.row_group_bytes_max) break;
      row_group_bytes_ += bytes;
    }
    return rows;
  }

  void append_rows(std::span<const int64_t> times_ns, std::span<const ColumnView> fields,
                   size_t begin, size_t end) {
    if (begin == end) return;
    std::memcpy(times_.append_uninitialized(end - begin), times_ns.data() + begin,
                (end - begin) * sizeof(int64_t));
    for (size_t field = 0; field < fields.size(); ++field) {
      const ColumnView part = fields[field].slice(begin, end);
      for (size_t row = 0; row < part.row_count && !has_cells_[field]; ++row) {
        if (part.state(row) != CellState::kAbsent) has_cells_[field] = true;
      }
      cells_[field].append_view(part);
    }
  }

  /// Enters the rows of the series that came last, as far as this row group has them.
  void end_run() {
    const size_t end = times_.row_count();
    const size_t begin = std::exchange(run_row_begin_, end);
    if (begin == end) return;
    std::vector<FieldSummary> summaries;
    if (end - begin >= SeriesDirectory::kSummaryRowsMin) {
      for (const ColumnVector& cells : cells_) {
        if (const auto known = summarize(cells.view().slice(begin, end))) {
          summaries.push_back(*known);
        }
      }
    }
    const auto times = times_.view().as<int64_t>();
    const auto [first, last] = std::minmax(times[begin], times[end - 1]);
    directory_.add_rows({run_hash_, run_key_},
                        {.row_group = row_groups_,
                         .row_begin = static_cast<uint32_t>(begin),
                         .row_count = static_cast<uint32_t>(end - begin),
                         .time_first_ns = first,
                         .time_last_ns = last,
                         .summaries_begin = std::nullopt},
                        summaries);
    for (size_t tag = 0; tag < tag_cells_.size(); ++tag) {
      tag_cells_[tag].append(key_cell(run_key_, shape_.tags[tag].id),
                             shape_.is_hybrid() ? 1 : end - begin);
    }
    if (shape_.is_hybrid()) lists_.add(end, first, last);
    if (summary_.row_count == 0) {
      summary_.time_first_ns = first;
      summary_.time_last_ns = last;
    }
    summary_.time_first_ns = std::min(summary_.time_first_ns, first);
    summary_.time_last_ns = std::max(summary_.time_last_ns, last);
    summary_.row_count += end - begin;
  }

  arrow::Status open_writer() {
    std::vector<size_t> tag_texts;
    for (const TagColumn& tag : tag_cells_) tag_texts.push_back(tag.text_count());
    ARROW_ASSIGN_OR_RAISE(
        writer_, parquet::arrow::FileWriter::Open(
                     *shape_.schema(), arrow_memory(), output_->stream(),
                     shape_.properties(options_, cells_, tag_texts),
                     parquet::ArrowWriterProperties::Builder().store_schema()->build()));
    return arrow::Status::OK();
  }

  arrow::Status write_columns() {
    if (!writer_) ARROW_RETURN_NOT_OK(open_writer());
    ARROW_RETURN_NOT_OK(writer_->NewRowGroup());
    ARROW_RETURN_NOT_OK(write_checked(times_.view(), false, 0));
    if (shape_.is_hybrid()) {
      for (const ColumnVector* times : {&lists_.times_first, &lists_.times_last}) {
        ARROW_ASSIGN_OR_RAISE(const auto array, to_arrow(times->view()));
        ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(*array));
      }
    }
    for (TagColumn& tag : tag_cells_) {
      ARROW_ASSIGN_OR_RAISE(const auto array,
                            shape_.is_hybrid() ? tag.finish_plain() : tag.finish());
      ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(*array));
    }
    for (size_t field = 0; field < cells_.size(); ++field) {
      const auto id = raw(shape_.fields[field].id);
      ARROW_RETURN_NOT_OK(write_checked(cells_[field].view(), true, id));
    }
    return arrow::Status::OK();
  }

  /// Writes a column chunk with its NULL cells behind it, and remembers where it lies and its
  /// checksum: Parquet's own covers the pages' data, not their headers.
  arrow::Status write_checked(const ColumnView& cells, bool nullable, uint32_t column_id) {
    ARROW_ASSIGN_OR_RAISE(auto array, to_arrow(cells));
    if (shape_.is_hybrid()) {
      array = lists_.to_lists(list_type(array->type(), nullable, column_id), array);
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t begin, output_->stream()->Tell());
    (void)output_->stream()->take_crc();
    ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(*array));
    ARROW_ASSIGN_OR_RAISE(const int64_t end, output_->stream()->Tell());
    const std::string nulls = encode_null_cells(cells);
    ARROW_RETURN_NOT_OK(output_->stream()->Write(nulls.data(), static_cast<int64_t>(nulls.size())));
    chunks_.push_back({.offset = static_cast<uint64_t>(begin),
                       .size_bytes = static_cast<uint64_t>(end - begin),
                       .nulls_bytes = static_cast<uint32_t>(nulls.size()),
                       .crc = output_->stream()->take_crc()});
    return arrow::Status::OK();
  }

  Result<void> write_row_group() {
    end_run();
    TRY_VOID(output_->from_arrow(write_columns()));
    ++row_groups_;
    row_group_bytes_ = 0;
    run_row_begin_ = 0;
    times_.clear();
    lists_.clear();
    for (ColumnVector& cells : cells_) cells.clear();
    return directory_.write_full(output_->sink());
  }

  Result<void> write_directory() {
    const DirectoryIndex index = TRY(directory_.finish(output_->sink()));
    const std::string plain = encode_block(index, chunks_);
    const auto place = TRY(output_->write_index_block(plain, options_.zstd_level));
    return output_->from_arrow(
        writer_->AddKeyValueMetadata(key_values(footer_texts(options_, place))));
  }

  const SstWriterOptions options_;
  const std::unique_ptr<SstOutput> output_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  const ParquetShape shape_;
  // The row group that is being filled.
  ColumnVector times_;
  std::vector<TagColumn> tag_cells_;
  std::vector<ColumnVector> cells_;
  ListColumn lists_;
  size_t row_group_bytes_ = 0;
  size_t row_bytes_ = 0;  // Of every row, besides its texts.
  bool has_texts_ = false;
  // The series that came last, and where its rows begin in the row group.
  bool run_began_ = false;
  KeyHash run_hash_;
  std::string run_key_;
  size_t run_row_begin_ = 0;

  std::vector<bool> has_cells_;
  DirectoryWriter directory_;
  std::vector<SstChunk> chunks_;
  SstSummary summary_;
  uint32_t row_groups_ = 0;
};

/// Parquet calls may throw; nothing of Varve does.
class GuardedSstWriter final : public SstWriter {
 public:
  GuardedSstWriter(std::unique_ptr<SstWriter> writer, std::string path)
      : writer_(std::move(writer)), path_(std::move(path)) {}
  Result<void> append(const SeriesRef& series, std::span<const int64_t> times_ns,
                      std::span<const ColumnView> fields) override {
    return guarded([&] { return writer_->append(series, times_ns, fields); });
  }
  Result<void> append_slices(std::span<const SeriesSlice> slices,
                             std::span<const int64_t> times_ns,
                             std::span<const ColumnView> fields) override {
    return guarded([&] { return writer_->append_slices(slices, times_ns, fields); });
  }
  Result<void> append_page(SeriesPage page) override {
    return guarded([&] { return writer_->append_page(std::move(page)); });
  }
  Result<SstSummary> finish() override {
    return guarded([&] { return writer_->finish(); });
  }

 private:
  template <class Call>
  auto guarded(Call call) -> decltype(call()) {
    try {
      return call();
    } catch (const std::exception& error) {
      return fail(ErrorCode::kInternal, "writing " + path_ + ": " + error.what());
    }
  }

  std::unique_ptr<SstWriter> writer_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<SstWriter>> make_sst_writer(FileSystem& files, SstWriterOptions options) {
  const std::string path = options.path;
  auto output = TRY(SstOutput::create(files, path));
  std::unique_ptr<SstWriter> writer;
  if (options.layout == SstLayout::kPacked) {
    writer = make_packed_writer(std::move(options), std::move(output));
  } else {
    writer = std::make_unique<ParquetSstWriter>(std::move(options), std::move(output));
  }
  return std::make_unique<GuardedSstWriter>(std::move(writer), path);
}

}  // namespace varve::engine
