// SPDX-License-Identifier: Apache-2.0
// Paths of the form s3://bucket/a/b beside those of another file system: for whole files that are
// written once and read in order, as backups do. Names that end with ".tmp" never reach a service.
//
//   create a.tmp, write, rename to a ──▶ a local temporary file, then one PUT
//   create a, write, sync            ──▶ the same at the sync
//   link from elsewhere              ──▶ PUT of what stands there
//
// Folders exist while something stands in them, or since they were made through this object. Locks
// hold within this object alone.
// Threads: safe anywhere.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "io/file_system.h"
#include "io/object_store.h"

namespace varve {

class BucketFileSystem final : public FileSystem {
 public:
  /// The store of a whole bucket.
  using OpenBucket =
      std::function<Result<std::unique_ptr<ObjectStore>>(const std::string& bucket)>;

  /// All other paths are those of `base`, which outlives it. What is being written stands meanwhile
  /// in `spool_folder` of `base`, which is made when it is needed.
  BucketFileSystem(FileSystem& base, std::string spool_folder, OpenBucket open_bucket);
  ~BucketFileSystem() override;

  static bool is_bucket_path(std::string_view path) { return path.starts_with("s3://"); }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> link(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> create_directories(const std::string& folder) override;
  Result<void> sync_directory(const std::string& folder) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<uint64_t> free_bytes(const std::string& folder) override;

 private:
  class ReadFile;
  class WrittenFile;
  class HeldLock;
  struct Place {
    ObjectStore* store = nullptr;
    std::string name;
  };
  /// kInvalidInput for a path without a bucket or a name.
  Result<Place> place_of(const std::string& path);
  Result<void> put_from_base(const std::string& from, const std::string& to);
  /// Where a temporary file of ours is kept; nothing when there is none.
  std::optional<std::string> spooled(const std::string& path) const;

  FileSystem& base_;
  const std::string spool_folder_;
  const OpenBucket open_bucket_;
  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<ObjectStore>> buckets_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> spooled_ GUARDED_BY(mutex_);  // Path, and where it is.
  std::set<std::string> folders_ GUARDED_BY(mutex_);
  std::set<std::string> locked_ GUARDED_BY(mutex_);
  uint64_t spool_next_ GUARDED_BY(mutex_) = 1;
};

}  // namespace varve
