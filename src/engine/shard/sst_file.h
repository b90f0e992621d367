// SPDX-License-Identifier: Apache-2.0
// A sorted file in use: what the manifest says of it, its reader, which is opened when somebody
// asks for it, and whether it was found damaged.
// Threads: safe anywhere.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>

#include "base/mutex.h"
#include "engine/cache/block_cache.h"
#include "engine/cache/reader_cache.h"
#include "engine/manifest/manifest_state.h"
#include "engine/shard/damage_list.h"
#include "engine/sst/sst_reader.h"

namespace varve::engine {

class SstFile {
 public:
  /// Caches and list outlive the file. Costs no I/O.
  SstFile(SstMeta meta, std::string path, ReaderCache& readers, BlockCache& cache,
          DamageList& damage);
  ~SstFile();
  SstFile(const SstFile&) = delete;
  SstFile& operator=(const SstFile&) = delete;

  const SstMeta& meta() const { return meta_; }
  const std::string& path() const { return handle_.path(); }
  /// Opens the file when it is not open. Hold the reader briefly: it has a descriptor. After
  /// kCorrupt (also for a file that is missing, or is not the one that the manifest names) the file
  /// is quarantined.
  Result<std::shared_ptr<const SstReader>> reader();

  /// A decoded column, from the cache or the file. `field` as in SstReader; -1: times.
  /// After kCorrupt the file is quarantined: reported once, and left out from then on.
  Result<std::shared_ptr<const DecodedColumn>> read(uint32_t row_group, int field);
  /// A block of the series directory; likewise.
  Result<std::shared_ptr<const SeriesDirectory>> read_directory(uint32_t block);
  bool quarantined() const { return quarantined_.load(std::memory_order_relaxed); }
  void quarantine(const Error& error);

  /// See SstMeta, which has it as it was when the file was opened.
  Version deletes_applied() const {
    const MutexLock lock(mutex_);
    return deletes_applied_;
  }
  void raise_deletes_applied(Version version) {
    const MutexLock lock(mutex_);
    deletes_applied_ = std::max(deletes_applied_, version);
  }

 private:
  template <class T>
  Result<T> quarantine_if_corrupt(Result<T> read);

  const SstMeta meta_;
  ReaderCache::Handle handle_;
  BlockCache& cache_;
  DamageList& damage_;
  const uint64_t cache_id_;
  std::atomic<bool> quarantined_{false};
  mutable Mutex mutex_;
  Version deletes_applied_ GUARDED_BY(mutex_);
};

/// Reports a damaged file once: log, metric and list.
void report_damaged_sst(DamageList& damage, const std::string& path, const Error& error);

}  // namespace varve::engine
