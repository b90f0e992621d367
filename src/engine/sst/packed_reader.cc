// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/packed_reader.h"

#include <parquet/metadata.h>
#include <parquet/schema.h>

#include <unordered_map>

#include "base/bytes.h"
#include "base/checksum.h"
#include "engine/page/page.h"
#include "engine/sst/packed_rows.h"
#include "engine/sst/sst_block.h"

namespace varve::engine {
namespace {

class PackedSstReader final : public SstReader {
 public:
  PackedSstReader(std::string path, std::shared_ptr<File> file, SstFooter footer)
      : path_(std::move(path)), file_(std::move(file)), footer_(std::move(footer)) {}

  Result<void> load(const parquet::FileMetaData& metadata) {
    TRY_VOID(load_fields(metadata));
    const auto plain = read_index_block(*file_, footer_.block);
    if (!plain) return fail(plain.error().code, path_ + ": " + plain.error().message);
    return load_block(*plain, TRY(file_->size_bytes()));
  }

  const std::string& path() const override { return path_; }
  SstLayout layout() const override { return footer_.layout; }
  TableId table() const override { return footer_.table; }
  SegmentId segment() const override { return footer_.segment; }
  Version version_first() const override { return footer_.version_first; }
  Version version_last() const override { return footer_.version_last; }
  uint64_t row_count() const override { return page_begins_.back(); }
  uint32_t row_group_count() const override {
    return static_cast<uint32_t>(page_begins_.size() - 1);
  }
  uint32_t row_group_rows(uint32_t row_group) const override {
    return static_cast<uint32_t>(page_begins_[row_group + 1] - page_begins_[row_group]);
  }
  const std::vector<SstColumn>& fields() const override { return fields_; }
  int field_index(ColumnId id) const override {
    const auto found = field_of_.find(raw(id));
    return found == field_of_.end() ? -1 : found->second;
  }
  const DirectoryIndex& directory() const override { return directory_; }
  size_t size_bytes() const override {
    return sizeof(*this) + directory_.size_bytes() + fields_.size() * sizeof(SstColumn) +
           chunks_.size() * sizeof(SstChunk) + page_begins_.size() * sizeof(uint64_t);
  }

  Result<std::shared_ptr<const SeriesDirectory>> read_directory(uint32_t block) const override {
    const DirectoryBlockPlace& place = directory_.block(block);
    auto decoded = decode_directory(place, block + 1 == directory_.block_count()
                                               ? row_count()
                                               : directory_.block(block + 1).row_begin);
    if (!decoded) {
      if (decoded.error().code != ErrorCode::kCorrupt) return fail(decoded.error());
      return corrupt(decoded.error().message + " in the block at offset " +
                     std::to_string(place.offset));
    }
    return std::make_shared<const SeriesDirectory>(std::move(*decoded));
  }

  Result<std::shared_ptr<const DecodedColumn>> read_times(uint32_t row_group) const override {
    auto times = TRY(read(row_group, 0, ValueType::kTimestamp));
    if (times->view().states != nullptr) return corrupt("a row has no time");
    return times;
  }
  Result<std::shared_ptr<const DecodedColumn>> read_field(uint32_t row_group,
                                                          uint32_t field) const override {
    return read(row_group, field + 1, fields_[field].type);
  }

 private:
  tl::unexpected<Error> corrupt(const std::string& what) const {
    return fail(ErrorCode::kCorrupt, path_ + ": " + what);
  }

  /// Ids and types stand in the footer's texts, names are those of the last columns.
  Result<void> load_fields(const parquet::FileMetaData& metadata) {
    const auto texts = metadata.key_value_metadata();
    if (!texts->Contains("varve.fields")) return corrupt("its footer lacks 'varve.fields'");
    const auto numbers = parse_numbers(texts->Get("varve.fields").ValueOr(""));
    const parquet::SchemaDescriptor& schema = *metadata.schema();
    const auto column_count = static_cast<size_t>(schema.num_columns());
    if (numbers.size() % 2 != 0 || numbers.size() / 2 >= column_count) {
      return corrupt("its footer names other fields than it has");
    }
    const size_t field_count = numbers.size() / 2;
    for (size_t field = 0; field < field_count; ++field) {
      const uint64_t type = numbers[field * 2 + 1];
      if (type < static_cast<uint64_t>(ValueType::kFloat64) ||
          type > static_cast<uint64_t>(ValueType::kTimestamp)) {
        return corrupt("a field has an unknown type");
      }
      const auto column = static_cast<int>(column_count - field_count + field);
      std::string name = schema.Column(column)->name();
      name.resize(std::min(name.size(), name.rfind(kPageSuffix)));
      const auto id = static_cast<uint32_t>(numbers[field * 2]);
      field_of_[id] = static_cast<int>(field);
      fields_.push_back({.id = ColumnId{id},
                         .kind = ColumnKind::kField,
                         .type = static_cast<ValueType>(type),
                         .name = std::move(name)});
      numeric_fields_ += is_summarized(fields_.back().type) ? 1 : 0;
    }
    return {};
  }

  Result<void> load_block(std::string_view plain, uint64_t file_bytes) {
    ByteReader reader(plain);
    const uint64_t page_count = reader.varint();
    for (uint64_t page = 0; page < page_count && !reader.failed(); ++page) {
      const uint64_t row_count = reader.varint();
      if (row_count == 0 || row_count > kPageRowsMax) {
        return corrupt("a page has an impossible number of rows");
      }
      page_begins_.push_back(page_begins_.back() + row_count);
    }
    if (reader.failed() || page_count == 0) return corrupt("its list of pages is cut short");
    auto block = decode_block(reader.raw(reader.remaining_bytes()), file_bytes, row_count());
    if (!block) return corrupt(block.error().message);
    chunks_ = std::move(block->chunks);
    directory_ = std::move(block->directory);
    if (chunks_.size() != page_count * (fields_.size() + 1)) {
      return corrupt("its list of pages has another length than its columns");
    }
    for (const SstChunk& chunk : chunks_) {
      if (chunk.offset > file_bytes || chunk.size_bytes > file_bytes - chunk.offset) {
        return corrupt("a page would lie outside the file");
      }
    }
    return {};
  }

  Result<SeriesDirectory> decode_directory(const DirectoryBlockPlace& place,
                                           uint64_t row_end) const {
    const std::string bytes = TRY(file_->read_at(place.offset, place.size_bytes));
    if (bytes.size() != place.size_bytes || crc32c(bytes) != place.crc) {
      return fail(ErrorCode::kCorrupt, "a checksum of the series directory is wrong");
    }
    const std::string plain = TRY(decompress_block(bytes, place.plain_bytes));
    auto decoded =
        SeriesDirectory::decode(plain, numeric_fields_, page_begins_, place.row_begin, row_end);
    if (decoded &&
        (decoded->series_count() != place.series_count || decoded->series(0).hash != place.first)) {
      return fail(ErrorCode::kCorrupt, "series directory: its index names other series");
    }
    return decoded;
  }

  /// `column`: 0 for time, then the fields.
  Result<std::shared_ptr<const DecodedColumn>> read(uint32_t row_group, size_t column,
                                                    ValueType type) const {
    const SstChunk& chunk = chunks_[row_group * (fields_.size() + 1) + column];
    const std::string bytes = TRY(file_->read_at(chunk.offset, chunk.size_bytes));
    const auto at = " in the page at offset " + std::to_string(chunk.offset);
    if (bytes.size() != chunk.size_bytes || crc32c(bytes) != chunk.crc) {
      return corrupt("a checksum is wrong" + at);
    }
    auto cells = decode_page(bytes, type, row_group_rows(row_group));
    if (!cells) return corrupt(cells.error().message + at);
    return std::make_shared<const DecodedColumn>(std::move(*cells));
  }

  const std::string path_;
  const std::shared_ptr<File> file_;
  const SstFooter footer_;
  std::vector<SstColumn> fields_;
  std::unordered_map<uint32_t, int> field_of_;
  size_t numeric_fields_ = 0;
  std::vector<uint64_t> page_begins_ = {0};  // The last number counts all rows.
  std::vector<SstChunk> chunks_;
  DirectoryIndex directory_;
};

}  // namespace

Result<std::shared_ptr<const SstReader>> open_packed_sst(const std::string& path,
                                                         std::shared_ptr<File> file,
                                                         const parquet::FileMetaData& metadata,
                                                         SstFooter footer) {
  auto reader = std::make_shared<PackedSstReader>(path, std::move(file), std::move(footer));
  TRY_VOID(reader->load(metadata));
  return reader;
}

}  // namespace varve::engine
