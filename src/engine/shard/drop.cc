// SPDX-License-Identifier: Apache-2.0
// How tables and segments end. All of it runs on the background thread.
#include <algorithm>
#include <set>

#include "base/log.h"
#include "engine/shard/shard.h"

namespace varve::engine {

// After the manifest: from then on no restart brings the rows back. Now memory, then the files.
Result<void> Shard::finish_drop(const std::function<size_t()>& forget,
                                const std::function<bool(const Memtable&)>& is_dropped,
                                const std::vector<SstId>& files) {
  const bool asked = on_writer([&] { writer_.memtables_flushed(forget()); });
  std::erase_if(sealed_, [&](const SealedMemtable& sealed) {
    return is_dropped(*sealed.memtable);
  });
  for (const SstId id : files) remove_file(sst_path(id));
  return asked ? Result<void>() : fail(ErrorCode::kCancelled, "the store is closing");
}

Result<void> Shard::drop_now(const std::vector<TableId>& tables) {
  const std::set<TableId> dropped(tables.begin(), tables.end());
  std::vector<SstId> files;
  for (const TableId table : dropped) {
    for (const SstMeta* sst : manifest_->state().ssts_of(table)) files.push_back(sst->id);
  }
  TRY_VOID(commit({.dropped = tables}));
  const auto forget = [&] {
    size_t bytes = 0;
    for (const TableId id : dropped) {
      if (const auto table = tables_.find(id)) bytes += table->memtable_bytes();
      tables_.drop(id);
    }
    return bytes;
  };
  const auto is_dropped = [&](const Memtable& memtable) {
    return dropped.contains(memtable.table());
  };
  const auto finished = finish_drop(forget, is_dropped, files);
  for (const TableId table : dropped) snapshots_.remove(table);
  log::info("shard.dropped", {{"folder", folder_}, {"tables", dropped.size()}});
  return finished;
}

Result<void> Shard::drop_segments_now(const std::vector<SegmentId>& segments) {
  const std::set<SegmentId> dropped(segments.begin(), segments.end());
  std::vector<SstId> files;
  for (const SegmentId segment : dropped) {
    for (const SstMeta* sst : manifest_->state().ssts_of(segment)) files.push_back(sst->id);
  }
  TRY_VOID(commit({.dropped_segments = segments}));
  const auto forget = [&] {
    writer_.drop_segments(segments);
    size_t bytes = 0;
    for (const auto& table : tables_.all()) {
      for (const SegmentId segment : dropped) bytes += table->drop_segment(segment);
    }
    return bytes;
  };
  const auto is_dropped = [&](const Memtable& memtable) {
    return dropped.contains(memtable.segment());
  };
  TRY_VOID(finish_drop(forget, is_dropped, files));
  log::info("shard.segments_dropped", {{"folder", folder_}, {"segments", dropped.size()}});
  return forget_deletes();
}

}  // namespace varve::engine
