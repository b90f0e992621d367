// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "engine/sst/sst_description.h"
#include "engine/sst/sst_reader.h"
#include "varve/byte_text.h"
#include "varve/inspection.h"

namespace varve {
namespace {

using engine::SstReader;

std::string version_text(const Version& version) {
  return std::to_string(version.clock) + "." + std::to_string(version.node);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Inspection columns_of(const engine::SstDescription& described) {
  Inspection columns = Inspection::array();
  for (const auto& column : described.columns) {
    columns.push_back({{"column", column.name},
                       {"id", column.field_id},
                       {"type", column.physical_type},
                       {"meaning", column.logical_type},
                       {"encodings", joined(column.encodings)},
                       {"compression", column.compression},
                       {"bytes", column.compressed_bytes},
                       {"plain_bytes", column.uncompressed_bytes},
                       {"values", column.values}});
  }
  return columns;
}

Inspection row_groups_of(const engine::SstDescription& described) {
  Inspection groups = Inspection::array();
  for (size_t i = 0; i < described.row_groups.size(); ++i) {
    const auto& group = described.row_groups[i];
    groups.push_back({{"row_group", i},
                      {"rows", group.rows},
                      {"offset", group.offset},
                      {"bytes", group.compressed_bytes}});
  }
  return groups;
}

// What the directory says of the rows, without decoding any.
Result<void> add_series(const SstReader& reader, Inspection& out) {
  int64_t first_ns = std::numeric_limits<int64_t>::max();
  int64_t last_ns = std::numeric_limits<int64_t>::min();
  uint64_t series = 0;
  uint64_t longest = 0;
  engine::SeriesCursor cursor(reader);
  while (TRY(cursor.next())) {
    ++series;
    uint64_t rows = 0;
    for (const engine::SeriesRows& run : cursor.series().rows()) {
      first_ns = std::min(first_ns, run.time_first_ns);
      last_ns = std::max(last_ns, run.time_last_ns);
      rows += run.row_count;
    }
    longest = std::max(longest, rows);
  }
  out["series"] = series;
  out["rows_of_longest_series"] = longest;
  out["directory_blocks"] = reader.directory().block_count();
  if (series == 0) return {};
  out["time_first"] = utc_text(first_ns);
  out["time_last"] = utc_text(last_ns);
  return {};
}

Result<void> add_reader(FileSystem& files, const std::string& path, Inspection& out) {
  const auto reader = TRY(engine::open_sst(files, path));
  out["layout"] = std::string(to_string(reader->layout()));
  out["table"] = raw(reader->table());
  out["segment"] = raw(reader->segment());
  out["rows"] = reader->row_count();
  out["version_first"] = version_text(reader->version_first());
  out["version_last"] = version_text(reader->version_last());
  return add_series(*reader, out);
}

}  // namespace

Result<Inspection> inspect_sst(FileSystem& files, const std::string& path) {
  const auto described = TRY(engine::describe_sst(files, path));
  Inspection out = {{"file", path}, {"kind", "sorted file"}, {"bytes", described.size_bytes}};
  Inspection damage = Inspection::array();
  if (const auto read = add_reader(files, path, out); !read) {
    // The sentence names the offset where there is one.
    damage.push_back({{"offset", nullptr}, {"end", nullptr}, {"what", read.error().message}});
  }
  out["footer_bytes"] = described.footer_bytes;
  out["parquet_rows"] = described.rows;
  out["created_by"] = described.created_by;
  out["damage"] = std::move(damage);
  Inspection metadata = Inspection::array();
  for (const auto& [key, value] : described.metadata) {
    metadata.push_back({{"key", key}, {"value", value.substr(0, 200)}});
  }
  out["metadata"] = std::move(metadata);
  out["columns"] = columns_of(described);
  out["row_groups"] = row_groups_of(described);
  return out;
}

}  // namespace varve
