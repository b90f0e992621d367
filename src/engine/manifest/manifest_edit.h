// SPDX-License-Identifier: Apache-2.0
// What the manifest knows of one shard, and a change of it. Bytes: docs/formats/manifest.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "model/time_range.h"
#include "model/value.h"

namespace varve::engine {

/// One SST as the manifest lists it. Its file is `sst_file_name(number)`.
struct SstFile {
  uint64_t number = 0;
  TableId table{};
  SegmentId segment{};
  TimeRange segment_range;
  MergeMode mode = MergeMode::kMerge;
  Version version_first;
  Version version_last;
  int64_t time_first_ns = 0;
  int64_t time_last_ns = 0;
  uint64_t row_count = 0;
  uint64_t series_count = 0;
  uint64_t size_bytes = 0;
  std::vector<ColumnId> fields_present;  ///< Rising.
  friend bool operator==(const SstFile&, const SstFile&) = default;
};

/// "0000000012.sst".
std::string sst_file_name(uint64_t number);

/// One atomic change.
struct ManifestEdit {
  std::vector<SstFile> added;
  std::vector<uint64_t> removed;
  /// Every WAL record up to it is in SSTs, or belongs to a dropped table.
  std::optional<Lsn> flushed;
  /// The highest version given out so far, or above.
  std::optional<Version> version_max;
  std::vector<TableId> dropped_tables;
  /// No file number at or above it has been used.
  std::optional<uint64_t> next_file_number;
  friend bool operator==(const ManifestEdit&, const ManifestEdit&) = default;
};

struct ManifestState {
  std::map<uint64_t, SstFile> ssts;
  Lsn flushed{};
  Version version_max;
  /// Kept so that a WAL replay brings none of their rows back.
  std::set<TableId> dropped_tables;
  uint64_t next_file_number = 1;

  /// kCorrupt when the edit removes a file that is not there or adds one that is.
  Result<void> apply(const ManifestEdit& edit);
  /// The edit that makes this state out of an empty one.
  ManifestEdit as_edit() const;
};

/// Format number first.
std::string encode_manifest_edit(const ManifestEdit& edit);
Result<ManifestEdit> decode_manifest_edit(std::string_view bytes);

}  // namespace varve::engine
