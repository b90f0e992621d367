// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/sst_description.h"

#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/types.h>

#include <algorithm>
#include <memory>

#include "engine/sst/parquet_io.h"

namespace varve::engine {
namespace {

SstColumnDescription describe_column(const parquet::ColumnDescriptor& column) {
  SstColumnDescription described;
  described.name = column.path()->ToDotString();
  described.field_id = column.schema_node()->field_id();
  described.physical_type = parquet::TypeToString(column.physical_type());
  if (const auto logical = column.logical_type(); logical && !logical->is_none()) {
    described.logical_type = logical->ToString();
  }
  return described;
}

void add_chunk(const parquet::ColumnChunkMetaData& chunk, SstColumnDescription& column) {
  column.compressed_bytes += static_cast<uint64_t>(chunk.total_compressed_size());
  column.uncompressed_bytes += static_cast<uint64_t>(chunk.total_uncompressed_size());
  column.values += static_cast<uint64_t>(chunk.num_values());
  column.compression = arrow::util::Codec::GetCodecAsString(chunk.compression());
  for (const auto encoding : chunk.encodings()) {
    const std::string name = parquet::EncodingToString(encoding);
    if (std::ranges::count(column.encodings, name) == 0) column.encodings.push_back(name);
  }
}

SstDescription describe(const parquet::FileMetaData& footer, uint64_t size_bytes) {
  SstDescription described{.size_bytes = size_bytes,
                           .footer_bytes = static_cast<uint64_t>(footer.size()),
                           .rows = static_cast<uint64_t>(footer.num_rows()),
                           .created_by = footer.created_by(),
                           .metadata = {},
                           .columns = {},
                           .row_groups = {}};
  if (const auto pairs = footer.key_value_metadata()) {
    for (int64_t i = 0; i < pairs->size(); ++i) {
      described.metadata.emplace_back(pairs->key(i), pairs->value(i));
    }
  }
  for (int i = 0; i < footer.num_columns(); ++i) {
    described.columns.push_back(describe_column(*footer.schema()->Column(i)));
  }
  for (int group = 0; group < footer.num_row_groups(); ++group) {
    const auto metadata = footer.RowGroup(group);
    uint64_t bytes = 0;
    for (int i = 0; i < metadata->num_columns(); ++i) {
      const auto chunk = metadata->ColumnChunk(i);
      add_chunk(*chunk, described.columns[static_cast<size_t>(i)]);
      bytes += static_cast<uint64_t>(chunk->total_compressed_size());
    }
    described.row_groups.push_back({.rows = static_cast<uint64_t>(metadata->num_rows()),
                                    .offset = static_cast<uint64_t>(metadata->file_offset()),
                                    .compressed_bytes = bytes});
  }
  return described;
}

}  // namespace

Result<SstDescription> describe_sst(FileSystem& files, const std::string& path) {
  std::shared_ptr<File> file = TRY(files.open(path, FileSystem::OpenMode::kRead));
  const uint64_t size_bytes = TRY(file->size_bytes());
  try {
    const auto parquet_file =
        parquet::ParquetFileReader::Open(std::make_shared<FileInput>(file, size_bytes));
    return describe(*parquet_file->metadata(), size_bytes);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kCorrupt, path + " is no readable Parquet file: " + error.what());
  }
}

}  // namespace varve::engine
