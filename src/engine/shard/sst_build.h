// SPDX-License-Identifier: Apache-2.0
// Writes the merged rows of some sources of one segment as one sorted file.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/options.h"
#include "engine/scan/segment_scan.h"
#include "engine/sst/sst_writer.h"
#include "io/file_system.h"

namespace varve::engine {

/// The columns of a file: every tag of the table and the given fields (rising ids), each under a
/// name that is not taken yet. A field whose name is taken gets its type, then its id behind it.
std::vector<SstColumn> label_columns(const std::vector<ColumnId>& tags,
                                     const std::vector<ScanColumn>& fields,
                                     const TableLabels& labels);

/// By rising id, each once.
void sort_and_deduplicate(std::vector<ScanColumn>& columns);

struct SstBuild {
  FileSystem& files;
  const EngineOptions& options;
  const Table& table;
  std::string path;
  SstId id{};
  /// Files and memtables to merge; files in order of version before memtables.
  SegmentView sources;
  std::vector<ScanColumn> fields;  ///< By rising id.
  Version version_first;
  Version version_last;
};

/// The file is synced and has its name; the folder is not synced. kCorrupt when a source is damaged
/// (it is then quarantined), kInternal without a row; then no file stays.
Result<SstMeta> build_sst(const SstBuild& build);

}  // namespace varve::engine
