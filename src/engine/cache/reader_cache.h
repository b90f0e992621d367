// SPDX-License-Identifier: Apache-2.0
// The readers of sorted files: opened at first use, bounded in number (each has a descriptor) and
// in bytes (footer, index of the directory); the one that was not used for the longest time is
// closed first and opened again when needed. Whoever holds a reader keeps it open.
//
// A file in use is not unlinked, since it may have to be opened again: its removal waits until its
// last handle has ended.
// Threads: safe anywhere.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "engine/sst/sst_reader.h"
#include "io/file_system.h"

namespace varve::engine {

class ReaderCache {
 public:
  /// Says that a file is in use. Ends before the cache.
  class Handle {
   public:
    Handle(ReaderCache& cache, std::string path);
    ~Handle();
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    const std::string& path() const { return path_; }
    /// Errors of open_sst().
    Result<std::shared_ptr<const SstReader>> reader() { return cache_.reader(path_); }

   private:
    ReaderCache& cache_;
    const std::string path_;
  };

  /// `files` outlives it.
  ReaderCache(FileSystem& files, size_t readers_max, size_t bytes_max)
      : files_(files), readers_max_(readers_max), bytes_max_(bytes_max) {}

  /// Removes the file at once, or when its last handle ends.
  void remove(const std::string& path);
  size_t reader_count() const;
  size_t size_bytes() const;

 private:
  struct Entry {
    uint32_t handles = 0;
    bool removed = false;
    std::shared_ptr<const SstReader> reader;  // Null: closed.
    size_t size_bytes = 0;
    std::list<Entry*>::iterator place;  // In by_use_ while it is open.
  };
  Result<std::shared_ptr<const SstReader>> reader(const std::string& path);
  std::shared_ptr<const SstReader> find(const std::string& path);
  void close(Entry& entry, std::vector<std::shared_ptr<const SstReader>>& closed)
      REQUIRES(mutex_);
  void unlink(const std::string& path);

  FileSystem& files_;
  const size_t readers_max_;
  const size_t bytes_max_;
  mutable Mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ GUARDED_BY(mutex_);  // Entries stay in place.
  std::list<Entry*> by_use_ GUARDED_BY(mutex_);                        // Open ones, latest first.
  size_t size_bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace varve::engine
