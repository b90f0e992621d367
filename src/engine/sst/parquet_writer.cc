// SPDX-License-Identifier: Apache-2.0
// SstWriter over parquet::arrow::FileWriter. Bytes: docs/formats/sst.md.
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>
#include <zstd.h>

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "base/check.h"
#include "base/checksum.h"
#include "engine/sst/directory_writer.h"
#include "engine/sst/parquet_columns.h"
#include "engine/sst/parquet_io.h"
#include "engine/sst/packed_writer.h"
#include "engine/sst/sst_block.h"
#include "engine/sst/sst_footer.h"
#include "engine/sst/sst_writer.h"

namespace varve::engine {
namespace {

constexpr size_t kSampleRows = 4096;

/// Which encoding a double column takes: what is smallest for a sample of its first row group.
enum class DoubleEncoding { kDictionary, kByteStreamSplit, kPlain };

size_t zstd_size(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  return ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1);
}

DoubleEncoding choose_double_encoding(const ColumnView& cells) {
  const auto values = cells.as<double>();
  const size_t count = std::min(values.size(), kSampleRows);
  const std::string_view plain(reinterpret_cast<const char*>(values.data()), count * 8);
  std::string split(plain.size(), '\0');
  std::set<uint64_t> distinct;
  for (size_t row = 0; row < count; ++row) {
    uint64_t bits = 0;
    std::memcpy(&bits, &values[row], 8);
    distinct.insert(bits);
    for (size_t byte = 0; byte < 8; ++byte) split[byte * count + row] = plain[row * 8 + byte];
  }
  size_t index_bits = 1;
  while ((size_t{1} << index_bits) < distinct.size()) ++index_bits;
  // Indices rarely compress below two thirds of their width; the dictionary page is shared by
  // many more rows than the sample has.
  const size_t dictionary = count * index_bits / 12 + distinct.size() * 2;
  const size_t plain_size = zstd_size(plain);
  const size_t split_size = zstd_size(split);
  if (dictionary < std::min(plain_size, split_size)) return DoubleEncoding::kDictionary;
  return split_size < plain_size ? DoubleEncoding::kByteStreamSplit : DoubleEncoding::kPlain;
}

class ParquetSstWriter final : public SstWriter {
 public:
  ParquetSstWriter(FileSystem& files, SstWriterOptions options, std::unique_ptr<File> file)
      : files_(files), options_(std::move(options)), file_(std::move(file)),
        output_(std::make_shared<FileOutput>(*file_)), times_(ValueType::kTimestamp),
        directory_(numeric_field_count(options_), options_.zstd_level) {
    for (const SstColumn& column : options_.columns) {
      if (column.kind == ColumnKind::kTag) {
        tags_.push_back(column);
      } else {
        fields_.push_back(column);
        cells_.emplace_back(column.type);
      }
    }
    tag_cells_.resize(tags_.size());
    has_cells_.resize(fields_.size());
  }

  ~ParquetSstWriter() override {
    // Whoever gives up leaves a temporary file; recovery removes it should this fail.
    if (file_) (void)files_.remove(temporary_path());
  }

  static std::string temporary_path(const std::string& path) { return path + ".tmp"; }

  Result<void> append(const SeriesRef& series, std::span<const int64_t> times_ns,
                      std::span<const ColumnView> fields) override {
    CHECK(fields.size() == fields_.size());
    size_t begin = 0;
    while (begin < times_ns.size()) {
      const size_t room = options_.row_group_rows_max - times_.row_count();
      const size_t end = std::min(times_ns.size(), begin + room);
      append_rows(series, times_ns.subspan(begin, end - begin), fields, begin);
      begin = end;
      if (times_.row_count() == options_.row_group_rows_max) TRY_VOID(write_row_group());
    }
    return {};
  }

  Result<SstSummary> finish() override {
    if (times_.row_count() > 0) TRY_VOID(write_row_group());
    if (summary_.row_count == 0) {
      return fail(ErrorCode::kInternal, "sorted file " + options_.path + " has no rows");
    }
    TRY_VOID(write_directory());
    (void)output_->take_crc();
    TRY_VOID(from_arrow(writer_->Close()));
    TRY_VOID(from_arrow(output_->Close()));
    std::string footer_crc;
    ByteWriter(footer_crc).u32(output_->take_crc());
    TRY_VOID(file_->write_at(footer_crc_offset_, footer_crc));
    // Bytes first, name second, manifest third: a crash between any two leaves a state that
    // recovery understands (a stray temporary, or an SST that no manifest names).
    TRY_VOID(file_->sync());
    summary_.size_bytes = TRY(file_->size_bytes());
    TRY_VOID(files_.rename(temporary_path(), options_.path));
    file_.reset();
    summary_.series_count = directory_.series_count();
    for (size_t field = 0; field < fields_.size(); ++field) {
      if (has_cells_[field]) summary_.fields_present.push_back(fields_[field].id);
    }
    std::sort(summary_.fields_present.begin(), summary_.fields_present.end());
    return summary_;
  }

 private:
  std::string temporary_path() const { return temporary_path(options_.path); }

  static size_t numeric_field_count(const SstWriterOptions& options) {
    return static_cast<size_t>(std::ranges::count_if(options.columns, [](const SstColumn& column) {
      return column.kind == ColumnKind::kField && is_summarized(column.type);
    }));
  }

  Result<void> from_arrow(const arrow::Status& status) const {
    if (status.ok()) return {};
    if (!output_->error().message.empty()) return fail(output_->error());
    return fail(ErrorCode::kInternal, "writing " + options_.path + ": " + status.message());
  }

  void append_rows(const SeriesRef& series, std::span<const int64_t> times_ns,
                   std::span<const ColumnView> fields, size_t begin) {
    const auto row_begin = static_cast<uint32_t>(times_.row_count());
    std::memcpy(times_.append_uninitialized(times_ns.size()), times_ns.data(),
                times_ns.size_bytes());
    std::vector<FieldSummary> summaries;
    for (size_t field = 0; field < fields.size(); ++field) {
      const ColumnView part = fields[field].slice(begin, begin + times_ns.size());
      append_cells(field, part);
      if (times_ns.size() >= SeriesDirectory::kSummaryRowsMin) {
        if (const auto known = summarize(part)) summaries.push_back(*known);
      }
    }
    append_tags(series, times_ns.size());
    const auto [first, last] = std::minmax(times_ns.front(), times_ns.back());
    directory_.add_rows(series,
                        {.row_group = row_groups_,
                         .row_begin = row_begin,
                         .row_count = static_cast<uint32_t>(times_ns.size()),
                         .time_first_ns = first,
                         .time_last_ns = last,
                         .summaries_begin = std::nullopt},
                        summaries);
    if (summary_.row_count == 0) {
      summary_.time_first_ns = first;
      summary_.time_last_ns = last;
    }
    summary_.time_first_ns = std::min(summary_.time_first_ns, first);
    summary_.time_last_ns = std::max(summary_.time_last_ns, last);
    summary_.row_count += times_ns.size();
  }

  void append_cells(size_t field, const ColumnView& part) {
    for (size_t row = 0; row < part.row_count && !has_cells_[field]; ++row) {
      if (part.has_value(row)) has_cells_[field] = true;
    }
    cells_[field].append_view(part);
  }

  void append_tags(const SeriesRef& series, size_t row_count) {
    for (size_t tag = 0; tag < tags_.size(); ++tag) {
      tag_cells_[tag].append(key_cell(series.key, tags_[tag].id), row_count);
    }
  }

  std::shared_ptr<arrow::Schema> make_schema() const {
    const auto id = [](uint32_t column_id) {
      return arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(column_id)});
    };
    std::vector<std::shared_ptr<arrow::Field>> columns;
    columns.push_back(arrow::field("time", arrow_type(ValueType::kTimestamp), false, id(0)));
    for (const SstColumn& tag : tags_) {
      columns.push_back(arrow::field(tag.name, arrow::dictionary(arrow::int32(), arrow::utf8()),
                                     true, id(raw(tag.id))));
    }
    for (const SstColumn& field : fields_) {
      columns.push_back(arrow::field(field.name, arrow_type(field.type), true, id(raw(field.id))));
    }
    return arrow::schema(columns);
  }

  std::shared_ptr<parquet::WriterProperties> make_properties() const {
    parquet::WriterProperties::Builder builder;
    builder.compression(parquet::Compression::ZSTD)
        ->compression_level(options_.zstd_level)
        ->data_page_version(parquet::ParquetDataPageVersion::V2)
        ->enable_write_page_index()
        ->enable_page_checksum()
        ->max_row_group_length(options_.row_group_rows_max)
        ->created_by("varve");
    const auto encode = [&](const std::string& name, parquet::Encoding::type encoding) {
      builder.disable_dictionary(name)->encoding(name, encoding);
    };
    encode("time", parquet::Encoding::DELTA_BINARY_PACKED);
    for (size_t field = 0; field < fields_.size(); ++field) {
      const SstColumn& column = fields_[field];
      if (column.type == ValueType::kFloat64) {
        const auto encoding = choose_double_encoding(cells_[field].view());
        if (encoding == DoubleEncoding::kByteStreamSplit) {
          encode(column.name, parquet::Encoding::BYTE_STREAM_SPLIT);
        } else if (encoding == DoubleEncoding::kPlain) {
          encode(column.name, parquet::Encoding::PLAIN);
        }
      } else if (!is_variable_size(column.type) && column.type != ValueType::kBool) {
        encode(column.name, parquet::Encoding::DELTA_BINARY_PACKED);
      }
    }
    return builder.build();
  }

  arrow::Status write_columns() {
    if (!writer_) {
      ARROW_ASSIGN_OR_RAISE(
          writer_, parquet::arrow::FileWriter::Open(
                       *make_schema(), arrow::default_memory_pool(), output_, make_properties(),
                       parquet::ArrowWriterProperties::Builder().store_schema()->build()));
    }
    ARROW_RETURN_NOT_OK(writer_->NewRowGroup());
    ARROW_ASSIGN_OR_RAISE(const auto times, to_arrow(times_.view()));
    ARROW_RETURN_NOT_OK(write_checked(*times));
    for (TagColumn& tag : tag_cells_) {
      ARROW_ASSIGN_OR_RAISE(const auto array, tag.finish());
      ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(*array));
    }
    for (ColumnVector& cells : cells_) {
      ARROW_ASSIGN_OR_RAISE(const auto array, to_arrow(cells.view()));
      ARROW_RETURN_NOT_OK(write_checked(*array));
    }
    return arrow::Status::OK();
  }

  /// Writes a column chunk and remembers where it lies and its checksum: Parquet's own covers the
  /// pages' data, not their headers.
  arrow::Status write_checked(const arrow::Array& array) {
    ARROW_ASSIGN_OR_RAISE(const int64_t begin, output_->Tell());
    (void)output_->take_crc();
    ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(array));
    ARROW_ASSIGN_OR_RAISE(const int64_t end, output_->Tell());
    chunks_.push_back({.offset = static_cast<uint64_t>(begin),
                       .size_bytes = static_cast<uint64_t>(end - begin),
                       .crc = output_->take_crc()});
    return arrow::Status::OK();
  }

  Result<void> write_row_group() {
    TRY_VOID(from_arrow(write_columns()));
    ++row_groups_;
    times_.clear();
    for (ColumnVector& cells : cells_) cells.clear();
    return directory_.write_full(directory_sink());
  }

  /// Appends to the file; Parquet's writer goes on behind.
  DirectoryWriter::Sink directory_sink() {
    return [this](std::string_view bytes) -> Result<uint64_t> {
      const auto offset = output_->Tell();
      TRY_VOID(from_arrow(offset.status()));
      TRY_VOID(from_arrow(output_->Write(bytes.data(), static_cast<int64_t>(bytes.size()))));
      return static_cast<uint64_t>(*offset);
    };
  }

  Result<void> write_directory() {
    const auto sink = directory_sink();
    const DirectoryIndex index = TRY(directory_.finish(sink));
    const std::string plain = encode_block(index, chunks_);
    const std::string block = compress_block(plain, options_.zstd_level);
    // Four bytes for the footer's checksum, which is not known yet.
    footer_crc_offset_ = TRY(sink(std::string_view("\0\0\0\0", kFooterCrcBytes)));
    const uint64_t offset = TRY(sink(block));
    return from_arrow(writer_->AddKeyValueMetadata(
        key_values(footer_texts(options_, {.offset = offset,
                                           .size_bytes = block.size(),
                                           .plain_bytes = plain.size(),
                                           .crc = crc32c(block)}))));
  }

  FileSystem& files_;
  SstWriterOptions options_;
  std::unique_ptr<File> file_;
  std::shared_ptr<FileOutput> output_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::vector<SstColumn> tags_;
  std::vector<SstColumn> fields_;
  ColumnVector times_;
  std::vector<TagColumn> tag_cells_;
  std::vector<ColumnVector> cells_;
  std::vector<bool> has_cells_;
  DirectoryWriter directory_;
  std::vector<SstChunk> chunks_;
  uint64_t footer_crc_offset_ = 0;
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

Result<void> check_layout(SstLayout layout) {
  if (layout == SstLayout::kColumnar || layout == SstLayout::kPacked) return {};
  return fail(ErrorCode::kUnsupported, "sorted files of layout '" +
                                           std::string(to_string(layout)) +
                                           "' cannot be written by this program");
}

Result<std::unique_ptr<SstWriter>> make_sst_writer(FileSystem& files, SstWriterOptions options) {
  TRY_VOID(check_layout(options.layout));
  const std::string path = options.path;
  const std::string temporary = ParquetSstWriter::temporary_path(path);
  if (TRY(files.exists(temporary))) TRY_VOID(files.remove(temporary));
  auto file = TRY(files.open(temporary, FileSystem::OpenMode::kCreate));
  if (options.layout == SstLayout::kPacked) {
    return std::make_unique<GuardedSstWriter>(
        make_packed_writer(files, std::move(options), std::move(file), temporary), path);
  }
  return std::make_unique<GuardedSstWriter>(
      std::make_unique<ParquetSstWriter>(files, std::move(options), std::move(file)), path);
}

}  // namespace varve::engine
