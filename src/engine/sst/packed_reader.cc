// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/packed_reader.h"

#include <parquet/metadata.h>
#include <parquet/schema.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "engine/page/page.h"
#include "engine/sst/packed_rows.h"
#include "engine/sst/sst_file_reader.h"

namespace varve::engine {
namespace {

class PackedSstReader final : public SstFileReader {
 public:
  PackedSstReader(std::string path, std::shared_ptr<File> file, SstFooter footer)
      : SstFileReader(std::move(path), std::move(file), std::move(footer)) {}

  Result<void> load(const parquet::FileMetaData& metadata) {
    TRY_VOID(load_fields(metadata));
    return load_pages(TRY(load_index_block()));
  }

  size_t size_bytes() const override { return base_size_bytes(); }

  Result<std::shared_ptr<const DecodedColumn>> read_times(uint32_t row_group) const override {
    auto times = TRY(read(row_group, 0, ValueType::kTimestamp));
    if (times->view().states != nullptr) return corrupt("a row has no time");
    return times;
  }
  Result<std::shared_ptr<const DecodedColumn>> read_field(uint32_t row_group,
                                                          uint32_t field) const override {
    return read(row_group, field + 1, fields()[field].type);
  }
  Result<std::string> read_page(uint32_t row_group, int field) const override {
    return read_bytes(row_group, static_cast<size_t>(field + 1));
  }

 private:
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
      add_field({.id = ColumnId{static_cast<uint32_t>(numbers[field * 2])},
                 .kind = ColumnKind::kField,
                 .type = static_cast<ValueType>(type),
                 .name = std::move(name)});
    }
    return {};
  }

  Result<void> load_pages(std::string_view plain) {
    ByteReader reader(plain);
    const uint64_t page_count = reader.varint();
    for (uint64_t page = 0; page < page_count && !reader.failed(); ++page) {
      const uint64_t row_count = reader.varint();
      if (row_count == 0 || row_count > kPageRowsMax) {
        return corrupt("a page has an impossible number of rows");
      }
      add_row_group(row_count);
    }
    if (reader.failed() || page_count == 0) return corrupt("its list of pages is cut short");
    TRY_VOID(load_block(reader.raw(reader.remaining_bytes())));
    const uint64_t file_bytes = TRY(file().size_bytes());
    for (const SstChunk& chunk : chunks()) {
      if (chunk.offset > file_bytes || chunk.size_bytes > file_bytes - chunk.offset) {
        return corrupt("a page would lie outside the file");
      }
    }
    return {};
  }

  /// `column`: 0 for time, then the fields.
  Result<std::shared_ptr<const DecodedColumn>> read(uint32_t row_group, size_t column,
                                                    ValueType type) const {
    const std::string bytes = TRY(read_bytes(row_group, column));
    auto cells = decode_page(bytes, type, row_group_rows(row_group));
    if (!cells) return corrupt(cells.error().message + place_of(chunk(row_group, column)));
    return std::make_shared<const DecodedColumn>(std::move(*cells));
  }

  Result<std::string> read_bytes(uint32_t row_group, size_t column) const {
    const SstChunk& page = chunk(row_group, column);
    std::string bytes = TRY(file().read_at(page.offset, page.size_bytes));
    if (bytes.size() != page.size_bytes || crc32c(bytes) != page.crc) {
      return corrupt("a checksum is wrong" + place_of(page));
    }
    return bytes;
  }

  static std::string place_of(const SstChunk& page) {
    return " in the page at offset " + std::to_string(page.offset);
  }
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
