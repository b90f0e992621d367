// SPDX-License-Identifier: Apache-2.0
// Writes the merged rows of some sources of one segment as one sorted file.
#pragma once

#include <functional>
#include <memory>
#include <optional>
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
  /// Rows that these hide are left out.
  std::shared_ptr<const DeleteSet> deletes = DeleteSet::none();
  /// What the new file says of itself; see SstMeta.
  Version deletes_applied;
  /// Asked now and then with the rows that were read since the last call; an error ends the build.
  std::function<Result<void>(uint64_t)> proceed;
};

/// The file is synced and has its name; the folder is not synced. Nothing when no row is left.
/// kCorrupt when a source is damaged (it is then quarantined); after an error no file stays.
Result<std::optional<SstMeta>> build_sst(const SstBuild& build);

}  // namespace varve::engine
