// SPDX-License-Identifier: Apache-2.0
// Keeps in the bucket, beside the sorted files, what it takes to open them: manifests and catalog,
// in the form of a backup. What was flushed before the newest one survives the loss of the disk.
//
//   freeze ──▶ state-<n>/… ──▶ backup.json replaced ──▶ older states and needless objects deleted
//
// Threads: start, stop and run belong to one thread; in between a thread of its own works.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "base/thread.h"
#include "catalog/catalog.h"
#include "engine/backup/backup_listing.h"
#include "engine/backup/store_backup.h"
#include "engine/local_store.h"
#include "io/clock.h"
#include "io/object_store.h"
#include "io/tiered_file_system.h"

namespace varve {

/// All of it outlives the snapshots.
struct BucketSnapshotParts {
  FileSystem& local;
  TieredFileSystem& files;
  ObjectStore& objects;
  const Clock& clock;
  const Catalog& catalog;
  engine::LocalStore& store;
  std::string data_directory;
  int64_t interval_ms = 10'000;
};

class BucketSnapshot {
 public:
  explicit BucketSnapshot(BucketSnapshotParts parts) : parts_(std::move(parts)) {}
  ~BucketSnapshot() { stop(); }

  /// Uploads now, if anything changed since the last time.
  Result<void> run();
  /// Does so at the interval. What fails is logged once and tried again.
  void start();
  void stop();

 private:
  struct Content;
  Result<Content> collect();
  Result<void> learn_previous();
  Result<void> add_sorted_files(const engine::FrozenStore& frozen, const engine::IsLive& is_live,
                                engine::BackupListing& listing);
  Result<void> upload(Content content);
  Result<void> delete_needless(const std::vector<std::string>& removed);
  void work();

  const BucketSnapshotParts parts_;
  bool knows_previous_ = false;
  engine::BackupListing listing_;  // The newest in the bucket.
  std::string uploaded_;           // What its small files held.
  std::shared_ptr<const CatalogSnapshot> picture_;
  int64_t catalog_copied_ns_ = INT64_MIN;
  std::string catalog_;            // The copy.

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  Thread thread_;
};

}  // namespace varve
