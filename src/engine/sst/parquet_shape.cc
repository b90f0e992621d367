// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/parquet_shape.h"

#include <arrow/util/key_value_metadata.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>

#include "engine/sst/parquet_columns.h"
#include "engine/sst/parquet_io.h"

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

std::shared_ptr<const arrow::KeyValueMetadata> field_id(uint32_t column_id) {
  return arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(column_id)});
}

}  // namespace

std::shared_ptr<arrow::DataType> list_type(const std::shared_ptr<arrow::DataType>& element,
                                           bool nullable, uint32_t column_id) {
  return arrow::list(arrow::field("element", element, nullable, field_id(column_id)));
}

ParquetShape ParquetShape::make(const SstWriterOptions& options) {
  ParquetShape shape{.layout = options.layout, .tags = {}, .fields = {}};
  for (SstColumn column : options.columns) {
    if (shape.is_hybrid() && (column.name == "minTime" || column.name == "maxTime")) {
      column.name += "." + std::to_string(raw(column.id));
    }
    (column.kind == ColumnKind::kTag ? shape.tags : shape.fields).push_back(std::move(column));
  }
  return shape;
}

std::shared_ptr<arrow::Schema> ParquetShape::schema() const {
  const auto time = arrow_type(ValueType::kTimestamp);
  std::vector<std::shared_ptr<arrow::Field>> columns;
  if (is_hybrid()) {
    columns.push_back(arrow::field("time", list_type(time, false, 0), false));
    columns.push_back(arrow::field("minTime", time, false));
    columns.push_back(arrow::field("maxTime", time, false));
  } else {
    columns.push_back(arrow::field("time", time, false, field_id(0)));
  }
  for (const SstColumn& tag : tags) {
    const auto type =
        is_hybrid() ? arrow::utf8() : arrow::dictionary(arrow::int32(), arrow::utf8());
    columns.push_back(arrow::field(tag.name, type, true, field_id(raw(tag.id))));
  }
  for (const SstColumn& field : fields) {
    const auto type = arrow_type(field.type);
    columns.push_back(
        is_hybrid()
            ? arrow::field(field.name, list_type(type, true, raw(field.id)), false)
            : arrow::field(field.name, type, true, field_id(raw(field.id))));
  }
  return arrow::schema(columns);
}

std::shared_ptr<parquet::WriterProperties> ParquetShape::properties(
    const SstWriterOptions& options, const std::vector<ColumnVector>& cells,
    const std::vector<size_t>& tag_texts) const {
  parquet::WriterProperties::Builder builder;
  builder.memory_pool(arrow_memory())
      ->compression(parquet::Compression::ZSTD)
      ->compression_level(options.zstd_level)
      ->data_page_version(parquet::ParquetDataPageVersion::V2)
      ->enable_write_page_index()
      ->enable_page_checksum()
      ->max_row_group_length(options.row_group_rows_max)
      ->created_by("varve");
  const auto leaf = [&](const std::string& name) {
    return is_hybrid() ? name + ".list.element" : name;
  };
  const auto encode = [&](const std::string& name, parquet::Encoding::type encoding) {
    builder.disable_dictionary(leaf(name))->encoding(leaf(name), encoding);
  };
  encode("time", parquet::Encoding::DELTA_BINARY_PACKED);
  for (size_t tag = 0; tag < tags.size(); ++tag) {
    parquet::BloomFilterOptions bloom;
    bloom.ndv = static_cast<int64_t>(std::max<size_t>(16, tag_texts[tag] * 2));
    builder.enable_bloom_filter(tags[tag].name, bloom);
  }
  // Rows are in order of (key hash, time), which only a table without tags has as a column.
  if (tags.empty() && !is_hybrid()) builder.set_sorting_columns({{0, false, false}});
  for (size_t field = 0; field < fields.size(); ++field) {
    const SstColumn& column = fields[field];
    if (column.type == ValueType::kFloat64) {
      const auto encoding = choose_double_encoding(cells[field].view());
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

}  // namespace varve::engine
