// SPDX-License-Identifier: Apache-2.0
// SstReader over parquet::ParquetFileReader, for the layouts columnar and hybrid.
// Bytes: docs/formats/sst.md.
#include <arrow/util/key_value_metadata.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/types.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/checksum.h"
#include "engine/sst/null_cells.h"
#include "engine/sst/packed_reader.h"
#include "engine/sst/parquet_io.h"
#include "engine/sst/sst_file_reader.h"

namespace varve::engine {
namespace {

Result<ValueType> value_type(const parquet::ColumnDescriptor& column) {
  switch (column.physical_type()) {
    case parquet::Type::DOUBLE: return ValueType::kFloat64;
    case parquet::Type::BOOLEAN: return ValueType::kBool;
    case parquet::Type::BYTE_ARRAY:
      return column.logical_type()->is_string() ? ValueType::kString : ValueType::kBytes;
    case parquet::Type::INT64: {
      const auto logical = column.logical_type();
      if (logical->is_timestamp()) return ValueType::kTimestamp;
      if (logical->is_int() &&
          !static_cast<const parquet::IntLogicalType&>(*logical).is_signed()) {
        return ValueType::kUint64;
      }
      return ValueType::kInt64;
    }
    default:
      return fail(ErrorCode::kCorrupt, "column '" + column.name() + "' has a foreign type");
  }
}

/// Spreads `value_count` dense values at the front of `cells` over the rows that have the level of
/// a value, from the back so that nothing is overwritten before it is moved.
template <class T>
void spread(T* cells, size_t value_count, const std::vector<int16_t>& levels, int16_t value_level) {
  size_t source = value_count;
  for (size_t row = levels.size(); row-- > 0;) {
    cells[row] = levels[row] == value_level ? cells[--source] : T{};
  }
}

class ParquetSstReader final : public SstFileReader {
 public:
  /// `input` is what `parquet` reads from.
  ParquetSstReader(std::string path, std::shared_ptr<File> bytes,
                   std::shared_ptr<FileInput> input,
                   std::unique_ptr<parquet::ParquetFileReader> parquet, SstFooter footer)
      : SstFileReader(std::move(path), std::move(bytes), std::move(footer)),
        input_(std::move(input)),
        parquet_(std::move(parquet)),
        metadata_(parquet_->metadata()) {}

  Result<void> load() {
    TRY_VOID(load_columns());
    const std::string plain = TRY(load_index_block());
    return footer().format == 1 ? load_block_format1(plain) : load_block(plain);
  }

  size_t size_bytes() const override {
    // Parquet's metadata takes several times its encoded size in memory.
    return base_size_bytes() + metadata_->size() * 4;
  }

  Result<std::shared_ptr<const DecodedColumn>> read_times(uint32_t row_group) const override {
    return read(row_group, 0, 0, ValueType::kTimestamp);
  }
  Result<std::shared_ptr<const DecodedColumn>> read_field(uint32_t row_group,
                                                          uint32_t field) const override {
    return read(row_group, field + 1, file_column_[field], fields()[field].type);
  }

 private:
  Result<void> load_columns() {
    const parquet::SchemaDescriptor& schema = *metadata_->schema();
    const std::vector<uint64_t>& tag_ids = footer().tag_ids;
    // A list's leaf is named "element"; people know it by the name of the list.
    const auto name = [](const parquet::ColumnDescriptor& column) {
      return column.path()->ToDotVector().front();
    };
    const bool is_hybrid = layout() == SstLayout::kHybrid;
    if (schema.num_columns() == 0 || name(*schema.Column(0)) != "time") {
      return corrupt("its first column is not time");
    }
    // Lists have minTime and maxTime behind the time.
    for (int column = is_hybrid ? 3 : 1; column < schema.num_columns(); ++column) {
      const parquet::ColumnDescriptor& descriptor = *schema.Column(column);
      const auto id = static_cast<uint32_t>(descriptor.schema_node()->field_id());
      if (std::find(tag_ids.begin(), tag_ids.end(), id) != tag_ids.end()) continue;
      file_column_.push_back(column);
      add_field({.id = ColumnId{id},
                 .kind = ColumnKind::kField,
                 .type = TRY(value_type(descriptor)),
                 .name = is_hybrid ? name(descriptor) : descriptor.name()});
    }
    for (int group = 0; group < metadata_->num_row_groups(); ++group) {
      // Of lists it counts the elements.
      const int64_t rows = metadata_->RowGroup(group)->ColumnChunk(0)->num_values();
      if (rows <= 0 || rows > UINT32_MAX) return corrupt("a row group has an impossible size");
      add_row_group(static_cast<uint64_t>(rows));
    }
    return {};
  }

  /// `chunk_column`: 0 for time, then the fields.
  Result<std::shared_ptr<const DecodedColumn>> read(uint32_t row_group, size_t chunk_column,
                                                    int column, ValueType type) const {
    const SstChunk& place = chunk(row_group, chunk_column);
    const auto at = " in the column chunk at offset " + std::to_string(place.offset);
    // The bytes come from the page cache twice; Parquet would take a damaged page header at its
    // word.
    const size_t size_bytes = place.size_bytes + place.nulls_bytes;
    const std::string bytes = TRY(file().read_at(place.offset, size_bytes));
    if (bytes.size() != size_bytes || crc32c(bytes) != place.crc) {
      return corrupt("a checksum is wrong" + at);
    }
    try {
      auto cells = decode(row_group, column, type);
      if (!cells) return corrupt(cells.error().message + at);
      const auto nulls = std::string_view(bytes).substr(place.size_bytes);
      if (const auto applied = apply_nulls(nulls, *cells); !applied) {
        return corrupt(applied.error().message + at);
      }
      return std::make_shared<const DecodedColumn>(std::move(*cells));
    } catch (const std::exception& error) {
      if (const auto failed = input_->take_error()) return fail(*failed);
      return corrupt(error.what() + at);
    }
  }

  static Result<void> apply_nulls(std::string_view nulls, ColumnVector& cells) {
    if (nulls.empty()) return {};
    const ColumnView view = cells.view();
    std::vector<CellState> states(view.row_count, CellState::kValue);
    for (size_t row = 0; row < view.row_count; ++row) states[row] = view.state(row);
    TRY_VOID(apply_null_cells(nulls, states));
    cells.set_states(std::move(states));
    return {};
  }

  Result<ColumnVector> decode(uint32_t row_group, int column, ValueType type) const {
    const auto group = parquet_->RowGroup(static_cast<int>(row_group));
    const auto reader = group->Column(column);
    const size_t rows = row_group_rows(row_group);
    switch (type) {
      case ValueType::kFloat64:
        return decode_fixed<parquet::DoubleType, double>(*reader, rows, type);
      case ValueType::kInt64:
      case ValueType::kUint64:
      case ValueType::kTimestamp:
        return decode_fixed<parquet::Int64Type, int64_t>(*reader, rows, type);
      case ValueType::kBool:
        return decode_fixed<parquet::BooleanType, bool>(*reader, rows, type);
      case ValueType::kString:
      case ValueType::kBytes: return decode_strings(*reader, rows, type);
    }
    return fail(ErrorCode::kInternal, "a column type without a reader");
  }

  template <class ParquetType, class Cell>
  static Result<ColumnVector> decode_fixed(parquet::ColumnReader& column, size_t rows,
                                           ValueType type) {
    auto& reader = static_cast<parquet::TypedColumnReader<ParquetType>&>(column);
    const int16_t value_level = column.descr()->max_definition_level();
    std::vector<int16_t> levels(value_level > 0 ? rows : 0);
    ColumnVector cells(type);
    auto* out = static_cast<Cell*>(cells.append_uninitialized(rows));
    size_t row = 0;
    size_t value_count = 0;
    while (row < rows) {
      int64_t values_read = 0;
      const int64_t levels_read = reader.ReadBatch(
          static_cast<int64_t>(rows - row), value_level > 0 ? &levels[row] : nullptr, nullptr,
          out + value_count, &values_read);
      if (levels_read <= 0) return fail(ErrorCode::kCorrupt, "a column ends early");
      row += static_cast<size_t>(levels_read);
      value_count += static_cast<size_t>(values_read);
    }
    if (value_count < rows) {
      spread(out, value_count, levels, value_level);
      std::vector<CellState> states(rows);
      for (row = 0; row < rows; ++row) {
        states[row] = levels[row] == value_level ? CellState::kValue : CellState::kAbsent;
      }
      cells.set_states(std::move(states));
    }
    return cells;
  }

  static Result<ColumnVector> decode_strings(parquet::ColumnReader& column, size_t rows,
                                             ValueType type) {
    auto& reader = static_cast<parquet::ByteArrayReader&>(column);
    const int16_t value_level = column.descr()->max_definition_level();
    constexpr size_t kBatchRows = 1024;
    int16_t levels[kBatchRows];
    parquet::ByteArray values[kBatchRows];
    ColumnVector cells(type);
    while (cells.row_count() < rows) {
      int64_t values_read = 0;
      const auto wanted = static_cast<int64_t>(std::min(kBatchRows, rows - cells.row_count()));
      const int64_t levels_read = reader.ReadBatch(wanted, levels, nullptr, values, &values_read);
      if (levels_read <= 0) return fail(ErrorCode::kCorrupt, "a column ends early");
      size_t value = 0;
      for (int64_t level = 0; level < levels_read; ++level) {
        if (levels[level] != value_level) {
          cells.pad_to(cells.row_count() + 1);
          continue;
        }
        const parquet::ByteArray& bytes = values[value++];
        cells.append_string({reinterpret_cast<const char*>(bytes.ptr), bytes.len});
      }
    }
    return cells;
  }

  const std::shared_ptr<FileInput> input_;
  std::unique_ptr<parquet::ParquetFileReader> parquet_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::vector<int> file_column_;  // By field: its column in the file.
};

/// A flipped bit must not look like a newer program's file, which would refuse the whole store:
/// what is not supported counts once the footer has proved sound.
Error judge(const Error& error, const File& file, const FooterLookup& lookup) {
  if (error.code != ErrorCode::kUnsupported) return error;
  const auto place = footer_numbers(lookup, "varve.directory", 4);
  if (!place) return place.error();
  const auto block = read_index_block(file, {.offset = (*place)[0],
                                             .size_bytes = (*place)[1],
                                             .plain_bytes = (*place)[2],
                                             .crc = static_cast<uint32_t>((*place)[3])});
  return block ? error : block.error();
}

}  // namespace

Result<std::shared_ptr<const SstReader>> open_sst(FileSystem& files, const std::string& path) {
  const std::shared_ptr<File> file = TRY(files.open(path, FileSystem::OpenMode::kRead));
  const uint64_t size_bytes = TRY(file->size_bytes());
  const auto input = std::make_shared<FileInput>(file, size_bytes);
  try {
    parquet::ReaderProperties properties;
    properties.set_page_checksum_verification(false);  // Our own checksums cover more.
    auto parquet_file = parquet::ParquetFileReader::Open(input, properties);
    const auto metadata = parquet_file->metadata();
    const auto lookup = [&](const char* key) -> std::optional<std::string> {
      const auto texts = metadata->key_value_metadata();
      if (texts == nullptr || !texts->Contains(key)) return std::nullopt;
      return texts->Get(key).ValueOr("");
    };
    auto footer = decode_footer(lookup);
    if (!footer) {
      const Error error = judge(footer.error(), *file, lookup);
      return fail(error.code, path + ": " + error.message);
    }
    if (footer->layout == SstLayout::kPacked) {
      return open_packed_sst(path, file, *metadata, std::move(*footer));
    }
    auto reader = std::make_shared<ParquetSstReader>(
        path, file, input, std::move(parquet_file), std::move(*footer));
    TRY_VOID(reader->load());
    return reader;
  } catch (const std::exception& error) {
    if (const auto failed = input->take_error()) return fail(*failed);
    return fail(ErrorCode::kCorrupt,
                path + ": its footer is damaged (file of " + std::to_string(size_bytes) +
                    " bytes): " + error.what());
  }
}

}  // namespace varve::engine
