// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/packed_rows.h"

#include <arrow/builder.h>
#include <arrow/util/compression.h>
#include <parquet/properties.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/checksum.h"

namespace varve::engine {
namespace {

/// What a row group holds in memory until it is written, and readers of Parquet take at once.
constexpr size_t kPageBytesMax = size_t{16} << 20;
constexpr size_t kRowsMax = 128 * 1024;
/// Statistics may always take so much.
constexpr size_t kSummaryCostFreeBytes = 20'000;
/// So few texts are cheap either way.
constexpr size_t kPlainTextsMin = 1'000;
/// What a column costs in Parquet's footer, about, however little is in it.
constexpr size_t kColumnCostBytes = 100;

constexpr const char* kSummaryNames[] = {".count", ".min", ".max", ".sum", ".first", ".last"};
constexpr uint64_t FieldSummary::*kSummaryBits[] = {
    &FieldSummary::count,    &FieldSummary::min_bits,   &FieldSummary::max_bits,
    &FieldSummary::sum_bits, &FieldSummary::first_bits, &FieldSummary::last_bits};

using ArrayResult = arrow::Result<std::shared_ptr<arrow::Array>>;

/// A column of 8-byte cells, made one by one.
class CellColumn {
 public:
  explicit CellColumn(ValueType type) : cells_(type) {}
  void add(uint64_t bits) { std::memcpy(cells_.append_uninitialized(1), &bits, 8); }
  void add_null() { cells_.pad_to(cells_.row_count() + 1); }
  ArrayResult finish() const { return to_arrow(cells_.view()); }
  const ColumnVector& cells() const { return cells_; }

 private:
  ColumnVector cells_;
};

/// Looks up the cells of a key; one way through it when columns are asked for in rising order.
class KeyWalk {
 public:
  explicit KeyWalk(std::string_view key) : key_(key), in_(key) {}
  std::string_view text(ColumnId column) {
    if (raw(column) < column_) {
      in_ = ByteReader(key_);
      column_ = 0;
      text_ = {};
    }
    while (column_ < raw(column) && !in_.at_end()) {
      column_ = in_.varint();
      in_.u8();
      text_ = in_.string();
    }
    return column_ == raw(column) ? text_ : std::string_view();
  }

 private:
  std::string_view key_;
  ByteReader in_;
  uint64_t column_ = 0;  // Of the cell that was read last; ids begin at 1.
  std::string_view text_;
};

}  // namespace

PackedRows::PackedRows(std::vector<SstColumn> tags, std::vector<SstColumn> fields, int zstd_level)
    : tags_(std::move(tags)), fields_(std::move(fields)), zstd_level_(zstd_level) {
  tag_cells_.resize(tags_.size());
  for (const SstColumn& field : fields_) numeric_field_count_ += is_summarized(field.type) ? 1 : 0;
}

void PackedRows::add_series(const SeriesRef& series, const SeriesRows& rows,
                            std::span<const FieldSummary> summaries,
                            std::span<const uint32_t> tag_numbers) {
  CHECK(tag_numbers.empty() || tag_numbers.size() == tags_.size());
  KeyWalk walk(series.key);
  for (size_t tag = 0; tag < tags_.size(); ++tag) {
    const uint32_t number = tag_numbers.empty() ? 0 : tag_numbers[tag];
    const bool is_known = !tag_numbers.empty() && tag_cells_[tag].append_known(number);
    if (!is_known) tag_cells_[tag].append(walk.text(tags_[tag].id), 1, number);
  }
  CHECK(summaries.empty() || summaries.size() == numeric_field_count_);
  rows_.push_back({.hash = series.hash,
                   .time_first_ns = rows.time_first_ns,
                   .time_last_ns = rows.time_last_ns,
                   .row_count = rows.row_count,
                   .has_summaries = rows.row_count >= SeriesDirectory::kSummaryRowsMin,
                   .has_page = is_page_next_});
  is_page_next_ = false;
  if (!rows_.back().has_summaries) return;
  summaries_.insert(summaries_.end(), summaries.begin(), summaries.end());
}

void PackedRows::add_page(std::vector<std::string> pages) {
  CHECK(pages.size() == fields_.size() + 1 && !is_page_next_);
  for (const std::string& page : pages) page_bytes_ += page.size();
  pages_.push_back(std::move(pages));
  is_page_next_ = true;
}

bool PackedRows::is_full() const {
  return page_bytes_ >= kPageBytesMax || rows_.size() >= kRowsMax;
}

arrow::Status PackedRows::open(const std::shared_ptr<FileOutput>& output) {
  parquet::WriterProperties::Builder properties;
  properties.memory_pool(arrow_memory())
      ->compression(parquet::Compression::ZSTD)
      ->compression_level(zstd_level_)
      ->data_page_version(parquet::ParquetDataPageVersion::V2)
      ->disable_dictionary()
      ->disable_statistics()
      ->enable_page_checksum()
      ->max_row_group_length(kRowsMax * 2)
      ->created_by("varve");
  std::set<std::string> taken;
  for (const SstColumn& tag : tags_) taken.insert(tag.name);
  // Tags keep their names; what would be called like one of them gives way.
  const auto unique = [&](std::string name) {
    while (!taken.insert(name).second) name += "_";
    return name;
  };
  arrow::FieldVector columns;
  const auto add = [&](std::string name, std::shared_ptr<arrow::DataType> type, bool is_optional,
                       const SstColumn* column = nullptr) {
    std::shared_ptr<const arrow::KeyValueMetadata> id;
    if (column != nullptr) id = key_values({{"PARQUET:field_id", std::to_string(raw(column->id))}});
    columns.push_back(arrow::field(name, std::move(type), is_optional, id));
    return name;
  };
  for (size_t tag = 0; tag < tags_.size(); ++tag) {
    // A dictionary of texts that hardly repeat costs its numbers on top.
    const size_t texts = tag_cells_[tag].text_count();
    is_plain_.push_back(texts >= kPlainTextsMin && texts * 4 >= rows_.size() * 3);
    const SstColumn* column = &tags_[tag];
    if (is_plain_.back()) {
      add(column->name, arrow::utf8(), true, column);
    } else {
      properties.enable_dictionary(
          add(column->name, arrow::dictionary(arrow::int32(), arrow::utf8()), true, column));
    }
  }
  add(unique("series_hash"), arrow::fixed_size_binary(16), true);
  for (const char* name : {"time_first", "time_last"}) {
    properties.encoding(add(unique(name), arrow_type(ValueType::kTimestamp), false),
                        parquet::Encoding::DELTA_BINARY_PACKED);
  }
  properties.encoding(add(unique("row_count"), arrow::int64(), false),
                      parquet::Encoding::DELTA_BINARY_PACKED);
  // Six columns a field would be most of a file that has many fields and few rows.
  has_summaries_ =
      !summaries_.empty() && std::size(kSummaryNames) * numeric_field_count_ * kColumnCostBytes <=
                                 std::max(page_bytes_, kSummaryCostFreeBytes);
  for (const SstColumn& field : fields_) {
    if (!has_summaries_ || !is_summarized(field.type)) continue;
    for (const char* name : kSummaryNames) {
      const bool is_count = name == kSummaryNames[0];
      add(unique(field.name + name), is_count ? arrow::int64() : arrow_type(field.type), true);
    }
  }
  const auto add_payload = [&](const std::string& field_name, const SstColumn* field) {
    const std::string name =
        add(unique(field_name + std::string(kPageSuffix)), arrow::binary(), true, field);
    properties.compression(name, parquet::Compression::UNCOMPRESSED)
        ->compression_level(name, arrow::util::kUseDefaultCompressionLevel);
  };
  add_payload("time", nullptr);
  for (const SstColumn& field : fields_) add_payload(field.name, &field);
  return parquet::arrow::FileWriter::Open(*arrow::schema(columns), arrow_memory(),
                                          output, properties.build())
      .Value(&writer_);
}

arrow::Status PackedRows::write(const std::shared_ptr<FileOutput>& output,
                                std::vector<SstChunk>& chunks) {
  if (!writer_) ARROW_RETURN_NOT_OK(open(output));
  ARROW_RETURN_NOT_OK(writer_->NewRowGroup());
  ARROW_RETURN_NOT_OK(write_keys());
  ARROW_RETURN_NOT_OK(write_summaries());
  const size_t begin = chunks.size();
  chunks.resize(begin + pages_.size() * (fields_.size() + 1));
  for (size_t column = 0; column <= fields_.size(); ++column) {
    ARROW_RETURN_NOT_OK(write_payload(column, *output, std::span(chunks).subspan(begin)));
  }
  rows_.clear();
  summaries_.clear();
  pages_.clear();
  page_bytes_ = 0;
  return arrow::Status::OK();
}

arrow::Status PackedRows::write_keys() {
  for (size_t tag = 0; tag < tags_.size(); ++tag) {
    TagColumn& cells = tag_cells_[tag];
    ARROW_ASSIGN_OR_RAISE(const auto array, is_plain_[tag] ? cells.finish_plain() : cells.finish());
    ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(*array));
  }
  arrow::FixedSizeBinaryBuilder hashes(arrow::fixed_size_binary(16), arrow_memory());
  CellColumn first(ValueType::kTimestamp), last(ValueType::kTimestamp), counts(ValueType::kInt64);
  for (const Row& row : rows_) {
    if (row.has_summaries) {
      // As people write it: the highest byte first.
      uint8_t bytes[16];
      for (unsigned byte = 0; byte < 8; ++byte) {
        bytes[byte] = static_cast<uint8_t>(row.hash.high >> (56 - 8 * byte));
        bytes[8 + byte] = static_cast<uint8_t>(row.hash.low >> (56 - 8 * byte));
      }
      ARROW_RETURN_NOT_OK(hashes.Append(bytes));
    } else {
      ARROW_RETURN_NOT_OK(hashes.AppendNull());
    }
    first.add(static_cast<uint64_t>(row.time_first_ns));
    last.add(static_cast<uint64_t>(row.time_last_ns));
    counts.add(row.row_count);
  }
  ARROW_ASSIGN_OR_RAISE(const auto hash_array, hashes.Finish());
  ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(*hash_array));
  for (const CellColumn* column : {&first, &last, &counts}) {
    ARROW_ASSIGN_OR_RAISE(const auto array, column->finish());
    ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(*array));
  }
  return arrow::Status::OK();
}

arrow::Status PackedRows::write_summaries() {
  if (!has_summaries_) return arrow::Status::OK();
  size_t numeric = 0;
  for (const SstColumn& field : fields_) {
    if (!is_summarized(field.type)) continue;
    for (const auto bits : kSummaryBits) {
      const bool is_count = bits == &FieldSummary::count;
      CellColumn cells(is_count ? ValueType::kInt64 : field.type);
      size_t next = numeric;
      for (const Row& row : rows_) {
        if (!row.has_summaries) {
          cells.add_null();
          continue;
        }
        const FieldSummary& summary = summaries_[next];
        next += numeric_field_count_;
        if (is_count || summary.count > 0) {
          cells.add(summary.*bits);
        } else {
          cells.add_null();
        }
      }
      ARROW_ASSIGN_OR_RAISE(const auto array, cells.finish());
      ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(*array));
    }
    ++numeric;
  }
  return arrow::Status::OK();
}

/// Parquet decides where the bytes of a cell go; they are looked up in what it wrote.
arrow::Status PackedRows::write_payload(size_t column, FileOutput& output,
                                        std::span<SstChunk> chunks) {
  arrow::BinaryBuilder cells(arrow_memory());
  size_t page = 0;
  int64_t nulls = 0;  // In front of the next page.
  for (const Row& row : rows_) {
    if (!row.has_page) {
      ++nulls;
      continue;
    }
    ARROW_RETURN_NOT_OK(cells.AppendNulls(std::exchange(nulls, 0)));
    ARROW_RETURN_NOT_OK(cells.Append(pages_[page++][column]));
  }
  ARROW_RETURN_NOT_OK(cells.AppendNulls(nulls));
  ARROW_ASSIGN_OR_RAISE(const auto array, cells.Finish());
  ARROW_ASSIGN_OR_RAISE(const int64_t begin, output.Tell());
  std::string written;
  output.copy_to(&written);
  const auto status = writer_->WriteColumnChunk(*array);
  output.copy_to(nullptr);
  ARROW_RETURN_NOT_OK(status);
  size_t from = 0;
  for (page = 0; page < pages_.size(); ++page) {
    const std::string& bytes = pages_[page][column];
    from = written.find(bytes, from);
    if (from == std::string::npos) {
      return arrow::Status::UnknownError("a page does not lie in its column as it is");
    }
    chunks[page * (fields_.size() + 1) + column] = {.offset = static_cast<uint64_t>(begin) + from,
                                                    .size_bytes = bytes.size(),
                                                    .nulls_bytes = 0,
                                                    .crc = crc32c(bytes)};
    from += bytes.size();
  }
  return arrow::Status::OK();
}

}  // namespace varve::engine
