// SPDX-License-Identifier: Apache-2.0
// What a shard knows about its files, and the edits that change it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "model/scan_spec.h"
#include "model/time_range.h"
#include "model/value.h"

namespace varve::engine {

/// Number of an SST inside its shard. Rises; never used again.
enum class SstId : uint64_t {};

/// One sorted file.
struct SstMeta {
  SstId id{};
  TableId table{};
  MergeMode mode = MergeMode::kMerge;
  SegmentId segment{};
  TimeRange segment_range;
  Version version_first;
  Version version_last;
  uint64_t row_count = 0;
  uint64_t series_count = 0;
  uint64_t size_bytes = 0;
  int64_t time_first_ns = 0;
  int64_t time_last_ns = 0;
  /// Fields with at least one cell, by rising id.
  std::vector<ScanColumn> fields;
};

/// Takes effect as a whole or not at all.
struct ManifestEdit {
  std::vector<SstMeta> added;
  std::vector<SstId> removed;
  std::vector<TableId> dropped;
  /// 0: unchanged. Rows up to here are in SSTs, or gone.
  Lsn flushed_lsn{};
  /// Zero: unchanged. No version of this shard is higher, as far as the files know.
  Version version_highest;

  bool empty() const {
    return added.empty() && removed.empty() && dropped.empty() && flushed_lsn == Lsn{} &&
           version_highest == Version{};
  }
};

struct ManifestState {
  std::map<SstId, SstMeta> ssts;
  /// Dropped since the last flush: rows of theirs may still stand in the WAL.
  std::set<TableId> dropped;
  Lsn flushed_lsn{};
  Version version_highest;
  uint64_t sst_id_next = 1;

  void apply(const ManifestEdit& edit);
  /// The edit that makes this state from an empty one.
  ManifestEdit snapshot() const;
};

/// Format number first.
void encode_manifest_edit(const ManifestEdit& edit, uint64_t sst_id_next, std::string& out);
struct DecodedEdit {
  ManifestEdit edit;
  uint64_t sst_id_next = 0;
};
/// kCorrupt when the bytes are none; kUnsupported for a newer format.
Result<DecodedEdit> decode_manifest_edit(std::string_view bytes);

/// Adds one record (length, checksum, bytes) to a manifest file.
void append_manifest_record(std::string_view edit, std::string& out);

struct ManifestScan {
  ManifestState state;
  /// Bytes [begin, end) that are no record although a good one follows.
  std::vector<std::pair<uint64_t, uint64_t>> damage;
  /// The end of the last good record; less than the file's size when its tail is torn.
  uint64_t end = 0;
};

/// Applies every good record of a file. Never reads outside the bytes. kUnsupported when a good
/// record has a newer format.
Result<ManifestScan> scan_manifest(std::string_view bytes);

}  // namespace varve::engine
