// SPDX-License-Identifier: Apache-2.0
// A backup seen as the data directory it was taken of: its files can be read in place, and what a
// store writes when it opens goes to memory, so that nothing of the backup changes.
//
//   BackupFileSystem view(files, "/backups/plant", listing);
//   LocalStore::open({.directory = "/engine", …}, view, …)
//
// Threads: safe anywhere.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "engine/backup/backup_listing.h"
#include "io/file_system.h"
#include "io/simulated_file_system.h"

namespace varve::engine {

class BackupFileSystem final : public FileSystem {
 public:
  /// `files` outlives it.
  BackupFileSystem(FileSystem& files, const std::string& folder, const BackupListing& listing);

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
  /// Where the backup keeps the file; empty when it has none, or it was removed or replaced here.
  std::string stored(const std::string& path) const;
  void hide(const std::string& path);

  FileSystem& files_;
  /// What is written.
  SimulatedFileSystem memory_;
  mutable Mutex mutex_;
  /// Path in the data directory, with a leading '/', and where its bytes are.
  std::map<std::string, std::string> stored_ GUARDED_BY(mutex_);
};

}  // namespace varve::engine
