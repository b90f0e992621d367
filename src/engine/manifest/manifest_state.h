// SPDX-License-Identifier: Apache-2.0
// What a shard knows about its files and deletes, and the edits that change it.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/deletes/table_delete.h"
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
  /// The file holds no row that a delete up to this version hides, and only rows that are older
  /// than every later delete.
  Version deletes_applied;
};

/// Raises SstMeta::deletes_applied of a file that holds nothing of what the deletes hide.
struct DeletesApplied {
  SstId id{};
  Version version;
};

/// Names a delete.
struct DeleteName {
  TableId table{};
  Version version;
  friend auto operator<=>(const DeleteName&, const DeleteName&) = default;
};

/// Takes effect as a whole or not at all.
struct ManifestEdit {
  std::vector<SstMeta> added;
  std::vector<SstId> removed;
  std::vector<TableId> dropped;
  std::vector<SegmentId> dropped_segments;
  std::vector<DeletesApplied> applied;
  std::vector<TableDelete> deletes;
  /// Deletes that have nothing left to hide.
  std::vector<DeleteName> forgotten;
  /// 0: unchanged. Rows up to here are in SSTs, or gone.
  Lsn flushed_lsn{};
  /// Zero: unchanged. No version of this shard is higher, as far as the files know.
  Version version_highest;

  bool empty() const {
    return added.empty() && removed.empty() && dropped.empty() && dropped_segments.empty() &&
           applied.empty() && deletes.empty() && forgotten.empty() && flushed_lsn == Lsn{} &&
           version_highest == Version{};
  }
};

class ManifestState {
 public:
  const std::map<SstId, SstMeta>& ssts() const { return ssts_; }
  /// Files of one table.
  std::vector<const SstMeta*> ssts_of(TableId table) const;
  std::vector<const SstMeta*> ssts_of(SegmentId segment) const;
  const std::map<DeleteName, TableDelete>& deletes() const { return deletes_; }
  /// By rising version.
  std::vector<TableDelete> deletes_of(TableId table) const;
  bool has_deletes(TableId table) const;
  /// Dropped since the last flush: rows of theirs may still stand in the WAL.
  const std::set<TableId>& dropped() const { return dropped_; }
  const std::set<SegmentId>& dropped_segments() const { return dropped_segments_; }
  Lsn flushed_lsn() const { return flushed_lsn_; }
  /// No version that the shard ever gave is higher, as far as the manifest knows.
  Version version_highest() const { return version_highest_; }
  /// No file has this number or a higher one.
  uint64_t sst_id_next() const { return sst_id_next_; }
  void raise_sst_id_next(uint64_t next) { sst_id_next_ = std::max(sst_id_next_, next); }

  void apply(const ManifestEdit& edit);
  /// The edit that makes this state from an empty one.
  ManifestEdit snapshot() const;

 private:
  void add(const SstMeta& sst);
  void remove(SstId id);
  void drop(TableId table);

  std::map<SstId, SstMeta> ssts_;
  // Ten thousand tables are dropped one by one without a look at every file.
  std::set<std::pair<TableId, SstId>> by_table_;
  std::set<std::pair<SegmentId, SstId>> by_segment_;
  std::map<DeleteName, TableDelete> deletes_;
  std::set<TableId> dropped_;
  std::set<SegmentId> dropped_segments_;
  Lsn flushed_lsn_{};
  Version version_highest_;
  uint64_t sst_id_next_ = 1;
};

/// Format number first.
void encode_manifest_edit(const ManifestEdit& edit, uint64_t sst_id_next, std::string& out);
struct DecodedEdit {
  ManifestEdit edit;
  uint64_t sst_id_next = 0;
};
/// kCorrupt when the bytes are none; kUnsupported for a newer format.
Result<DecodedEdit> decode_manifest_edit(std::string_view bytes);

}  // namespace varve::engine
