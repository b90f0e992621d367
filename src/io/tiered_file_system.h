// SPDX-License-Identifier: Apache-2.0
// A data directory whose sorted files live in an object store.
//
//   *.sst below the root ──▶ objects, named as the path below the root; copies on the local disk
//   everything else      ──▶ the local file system
//
//   write 7.sst.tmp, rename to 7.sst ──▶ PUT, then the local file is a copy that may go;
//                                        with upload_threads the PUT ends by sync_directory()
//   read ──▶ local copy, else blocks fetched by parallel ranged reads, which become copies
//   remove ──▶ gone at once for whoever asks; the object goes with delete_removed()
//
// A name of an object is never used twice (the engine sees to it), so a copy is never stale.
// Errors of the object store are kIo here, whatever it said: what is unreachable or forbidden today
// may be there tomorrow. Only an object that the store itself misses is kNotFound.
// Threads: safe anywhere. A lock is never held across I/O.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"
#include "io/disk_tier.h"
#include "io/file_system.h"
#include "io/object_store.h"

namespace varve {

struct TieredOptions {
  /// The data directory.
  std::string root;
  uint64_t disk_bytes_max = 10ull << 30;
  /// Copies also go while the disk, which others need too, has less left.
  uint64_t disk_free_bytes_min = 0;
  /// What is fetched at once, so that a small question to a large file costs little.
  uint64_t block_bytes = 4ull << 20;
  size_t parallel_requests = 4;
  /// Uploads that run at once while their writer goes on; 0: it waits for each. A failed one makes
  /// sync_directory() of its folder fail until the file is removed.
  size_t upload_threads = 0;
  /// Asked before the store is changed; an error ends the call with it. May be empty.
  std::function<Result<void>()> may_change;
};

class TieredFileSystem final : public FileSystem {
 public:
  /// Lists the store, and uploads sorted files that stand in the directory alone: it may have been
  /// used without an object store before. `local` and `store` outlive it.
  static Result<std::unique_ptr<TieredFileSystem>> open(FileSystem& local, ObjectStore& store,
                                                        TieredOptions options);
  ~TieredFileSystem() override;

  /// Names of objects that were removed and still stand in the store.
  std::vector<std::string> removed_objects() const;
  /// Deletes these of them from the store. What fails is kept for the next time.
  Result<void> delete_removed(const std::vector<std::string>& objects);
  /// Whether the store may be changed now; see TieredOptions.
  Result<void> may_change() const {
    return options_.may_change ? options_.may_change() : Result<void>();
  }
  uint64_t disk_tier_bytes() const { return tier_->size_bytes(); }

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

  /// Whether a name stands for an object wherever it is below a root.
  static bool is_object_name(std::string_view path);

 private:
  class ObjectFile;
  TieredFileSystem(FileSystem& local, ObjectStore& store, TieredOptions options);
  /// The path without the root, "" for the root itself; nothing outside of it.
  std::optional<std::string> below_root(const std::string& path) const;
  /// The name of the object that the path stands for; empty: a local file.
  std::string object_of(const std::string& path) const;
  Result<void> find_objects();
  Result<void> adopt_local_files(const std::string& folder);
  /// PUT of a local file.
  Result<void> put_local(const std::string& from, const std::string& object);
  Result<void> upload(const std::string& from, const std::string& object);
  Result<void> rename_to_object(const std::string& from, const std::string& to,
                                const std::string& object);
  Result<void> begin_upload(const std::string& from, const std::string& to,
                            const std::string& object);
  void run_uploads();
  void finish_upload(const std::string& object, Result<void> outcome);
  Result<void> wait_for_uploads(const std::string& folder);
  /// The local file of an object that is not in the store yet; null when there is none.
  std::unique_ptr<File> file_on_its_way(const std::string& object);
  /// kNotFound, or kIo.
  Result<uint64_t> object_size(const std::string& object);
  Result<void> read_blocks(const std::string& object, uint64_t object_bytes, uint64_t offset,
                           char* out, size_t size_bytes);
  Result<void> read_block(const std::string& object, uint64_t object_bytes, uint64_t block,
                          uint64_t offset, char* out, size_t size_bytes);
  /// From the disk, or from memory where the disk could not keep it.
  bool read_copy(const std::string& object, uint64_t block, uint64_t offset, char* out,
                 size_t size_bytes);
  void note(const std::string& object, uint64_t size_bytes);
  void opened(const std::string& object);
  void closed(const std::string& object);

  FileSystem& local_;
  ObjectStore& store_;
  /// A file that has its name here and not yet in the store.
  struct Upload {
    std::string path;
    uint64_t size_bytes = 0;
    bool is_done = false;     // And failed, else it is none any more.
    bool is_removed = false;  // Nobody wants it.
    Error error;
  };

  const TieredOptions options_;
  std::unique_ptr<DiskTier> tier_;
  mutable Mutex mutex_;
  std::condition_variable_any fetched_;
  std::map<std::string, uint64_t> sizes_ GUARDED_BY(mutex_);  // Of every object there is.
  std::set<std::string> removed_ GUARDED_BY(mutex_);
  std::map<std::string, size_t> open_ GUARDED_BY(mutex_);  // How often.
  std::condition_variable_any uploads_changed_;
  std::map<std::string, Upload> uploads_ GUARDED_BY(mutex_);  // By object.
  std::deque<std::string> upload_queue_ GUARDED_BY(mutex_);
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  using BlockName = std::pair<std::string, uint64_t>;
  std::set<BlockName> fetching_ GUARDED_BY(mutex_);
  /// The last few blocks that the disk could not keep, so that a page costs no block each.
  std::deque<std::pair<BlockName, std::shared_ptr<const std::string>>> unkept_ GUARDED_BY(mutex_);
  std::vector<Thread> uploaders_;
};

}  // namespace varve
