// SPDX-License-Identifier: Apache-2.0
// Files behind an interface: a real twin (io/posix_file_system.h) and a simulated one that loses
// power where a test says so (io/simulated_file_system.h).
//
// Durability rules, as on POSIX:
//   - bytes of a file are durable after File::sync();
//   - a created, linked, renamed or removed name is durable after sync_directory() of its folder;
//   - without these, a power failure may keep any part of it, or none.
// Errors: kNotFound, kAlreadyExists, kNoSpace (ENOSPC, EDQUOT), kIo; each message names the file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace varve {

/// An open file. Threads: reads are safe beside anything; the rest belongs to one thread at a time.
class File {
 public:
  /// A multiple of every block of a disk.
  static constexpr size_t kBlockBytes = 4'096;

  virtual ~File() = default;
  /// Up to `size_bytes` from `offset`; fewer at the end of the file.
  virtual Result<std::string> read_at(uint64_t offset, size_t size_bytes) const = 0;
  /// The same into a buffer; gives the number of bytes read.
  virtual Result<size_t> read_into(uint64_t offset, char* out, size_t size_bytes) const = 0;
  /// All of the bytes, or an error; after an error any part may have been written.
  virtual Result<void> write_at(uint64_t offset, std::string_view bytes) = 0;
  /// The same for bytes that nobody reads soon: where the system can, they go to the disk without a
  /// copy in its cache. Offset, size and the address of the bytes are multiples of kBlockBytes.
  virtual Result<void> write_blocks_at(uint64_t offset, std::string_view bytes) {
    return write_at(offset, bytes);
  }
  /// Reserves blocks for the range and extends the size to cover it, reading as zeros, so that
  /// later writes inside it neither run out of space nor change metadata.
  virtual Result<void> allocate(uint64_t offset, uint64_t size_bytes) = 0;
  virtual Result<void> truncate(uint64_t size_bytes) = 0;
  /// fdatasync. After an error, what was written since the last good sync is not known to be
  /// durable and never will be by syncing again.
  virtual Result<void> sync() = 0;
  virtual Result<uint64_t> size_bytes() const = 0;
};

/// Held for the life of the object: no other process can take the same lock.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// Threads: safe anywhere.
class FileSystem {
 public:
  enum class OpenMode : uint8_t {
    kRead,       ///< Must exist.
    kReadWrite,  ///< Must exist.
    kCreate,     ///< Must not exist; read and write.
  };

  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  /// Names (not paths) in a folder, sorted; folders included.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  /// Replaces `to` at once if it exists.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  /// Gives a file a second name, which must not exist: both are the same bytes from then on.
  /// kUnsupported when this cannot be done there (another file system, one without links).
  virtual Result<void> link(const std::string& from, const std::string& to) = 0;
  /// A file or an empty folder. Open files keep their bytes until closed.
  virtual Result<void> remove(const std::string& path) = 0;
  /// Makes the folder and its parents; fine when it exists. Parents' names are synced.
  virtual Result<void> create_directories(const std::string& folder) = 0;
  virtual Result<void> sync_directory(const std::string& folder) = 0;
  /// An exclusive lock on a file, made if missing; kAlreadyExists when another process holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  /// Bytes that may still be written below the folder.
  virtual Result<uint64_t> free_bytes(const std::string& folder) = 0;
};

/// Reads a whole file.
Result<std::string> read_file(FileSystem& files, const std::string& path);

/// Replaces a file so that a crash leaves the old or the new bytes: a temporary beside it
/// (`path` + ".tmp", removed when it stands there already), sync, rename, sync of the folder.
/// After an error the old or the new bytes are there. One writer of a path at a time.
Result<void> write_file_atomically(FileSystem& files, const std::string& path,
                                   std::string_view bytes);

/// "a/b" + "c" = "a/b/c".
std::string join_path(std::string_view folder, std::string_view name);

/// The folder that holds the name: "a/b/c" gives "a/b", "c" gives ".", "/c" gives "/".
std::string parent_folder(std::string_view path);

}  // namespace varve
