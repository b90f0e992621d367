// SPDX-License-Identifier: Apache-2.0
// Copies on the local disk of what stands in an object store, bounded in bytes; what was not used
// for the longest time goes first. Two kinds: whole files, which stand under a name of their own,
// and blocks of a fixed size, one file each in a folder:
//
//   <folder>/<object, '/' as '~'>@<block>    bytes of the block ││ CRC32C of them, u32 LE
//
// Blocks are not synced: their checksum is compared at the first use after a start, and one that is
// wrong is forgotten. Everything here can be deleted at any time; nothing depends on it.
// Threads: safe anywhere; no lock is held across I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/file_system.h"

namespace varve {

class DiskTier {
 public:
  /// Knows the blocks that stand in the folder from earlier. `files` outlives it.
  /// Copies also go while the disk has less than `free_bytes_min` left.
  static Result<std::unique_ptr<DiskTier>> open(FileSystem& files, std::string folder,
                                                uint64_t bytes_max, uint64_t free_bytes_min = 0);
  ~DiskTier();

  /// A whole file at `path`, synced. It belongs to the tier from now on.
  void add_whole(const std::string& object, std::string path, uint64_t size_bytes);
  /// Open, and marked as used; null when there is none.
  std::shared_ptr<const File> find_whole(const std::string& object);
  /// Keeps the bytes; false when the disk does not let it.
  bool add_block(const std::string& object, uint64_t block, std::string_view bytes);
  /// Reads a part of a block; false when it is not here. `offset` from the block's begin.
  bool read_block(const std::string& object, uint64_t block, uint64_t offset, char* out,
                  size_t size_bytes);
  /// Removes every copy of the object.
  void forget(const std::string& object);
  /// Removes the whole copy alone: it could not be read.
  void forget_whole(const std::string& object);
  /// Lets the whole copy's descriptor go; it stays on the disk.
  void close_whole(const std::string& object);
  uint64_t size_bytes() const;

 private:
  // A block's number, or kWhole.
  using Key = std::pair<std::string, uint64_t>;
  static constexpr uint64_t kWhole = UINT64_MAX;
  struct Entry {
    std::string path;
    uint64_t size_bytes = 0;
    bool is_checked = false;            // Of a block.
    std::shared_ptr<const File> file;   // Of a whole file: open now.
    std::list<Key>::iterator place;
  };

  DiskTier(FileSystem& files, std::string folder, uint64_t bytes_max, uint64_t free_bytes_min);
  std::string block_path(const std::string& object, uint64_t block) const;
  void add(Key key, Entry entry);
  /// Takes entries out until the rest fits; their files are to be removed without the lock.
  std::vector<std::string> make_room(uint64_t missing_bytes) REQUIRES(mutex_);
  /// What the disk lacks to have `free_bytes_min_` left.
  uint64_t missing_bytes() const;
  std::string take_out(std::map<Key, Entry>::iterator entry) REQUIRES(mutex_);
  void remove_files(const std::vector<std::string>& paths);
  void drop(const Key& key);
  bool check_block(const Entry& entry) const;

  FileSystem& files_;
  const std::string folder_;
  const uint64_t bytes_max_;
  const uint64_t free_bytes_min_;
  mutable Mutex mutex_;
  std::map<Key, Entry> entries_ GUARDED_BY(mutex_);
  std::list<Key> by_use_ GUARDED_BY(mutex_);  // The latest first.
  uint64_t size_bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace varve
