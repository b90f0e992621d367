// SPDX-License-Identifier: Apache-2.0
// What the footer of an SST says of its layout, as any Parquet tool would see it. For people who
// look at a file; the engine does not need it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace varve::engine {

/// One Parquet column, over all row groups.
struct SstColumnDescription {
  std::string name;
  int64_t field_id = -1;  ///< The column's id; -1: none.
  std::string physical_type;
  std::string logical_type;
  std::vector<std::string> encodings;
  std::string compression;
  uint64_t compressed_bytes = 0;
  uint64_t uncompressed_bytes = 0;
  uint64_t values = 0;  ///< With nulls.
};

struct SstRowGroupDescription {
  uint64_t rows = 0;
  uint64_t offset = 0;
  uint64_t compressed_bytes = 0;
};

struct SstDescription {
  uint64_t size_bytes = 0;
  uint64_t footer_bytes = 0;
  uint64_t rows = 0;  ///< Of Parquet.
  std::string created_by;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<SstColumnDescription> columns;
  std::vector<SstRowGroupDescription> row_groups;
};

/// kCorrupt, naming the file, when its footer makes no sense.
Result<SstDescription> describe_sst(FileSystem& files, const std::string& path);

}  // namespace varve::engine
