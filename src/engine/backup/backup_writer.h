// SPDX-License-Identifier: Apache-2.0
// Makes a folder hold a backup of a data directory, or brings the one it holds up to date.
//
//   open ──▶ add_sorted_file, add_state_file, … ──▶ finish: backup.json replaced, old files removed
//
// Until finish() has replaced backup.json the folder holds the backup it held before, whole: sorted
// files never change and are shared by both; everything else of a backup stands in a folder of its
// own, state-<generation>.
// Threads: one owner. Two writers of one folder exclude each other.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/backup/backup_listing.h"
#include "engine/backup/file_copy.h"
#include "io/file_system.h"

namespace varve::engine {

struct BackupOptions {
  std::string folder;
  /// The data directory, as it is written into the listing.
  std::string data_directory;
  std::string varve_version;
  std::string taken_at;
  uint32_t shards = 0;
  /// Copies sorted files instead of giving them a second name.
  bool copies = false;
};

struct BackupSummary {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t files_new = 0;  ///< Of these, those that were not there before.
  uint64_t bytes_new = 0;
  uint64_t bytes_copied = 0;
  uint64_t files_removed = 0;
  uint64_t files_missing = 0;
};

class BackupWriter {
 public:
  /// Makes the folder when missing. Errors: kInvalidInput for a folder that holds other things or
  /// the backup of another data directory, kAlreadyExists while another backup writes to it.
  static Result<std::unique_ptr<BackupWriter>> open(FileSystem& files, BackupOptions options);

  /// A file that never changes, which stands at `source` now and as `path` in the data directory.
  /// Linked or copied unless it is there already. A file that is not there (kNotFound) is noted as
  /// missing: the backup then has what the data directory has.
  Result<void> add_sorted_file(const std::string& path, const std::string& source,
                               const OnBytes& on_bytes);
  /// A file of this backup alone.
  Result<void> add_state_file(const std::string& path, std::string_view bytes);
  /// The same for a file that somebody else writes: where to. Its folder is there.
  Result<std::string> state_file_to_write(const std::string& path);
  /// Once it is written and synced.
  Result<void> add_written_state_file(const std::string& path);

  /// Makes this backup the one that the folder holds, then removes what it does not need.
  Result<BackupSummary> finish() &&;

 private:
  BackupWriter(FileSystem& files, BackupOptions options);
  Result<void> check_folder();
  Result<void> read_previous();
  std::string stored_path(const std::string& stored) const;
  std::string state_path(const std::string& path) const;
  Result<void> make_folder_of(const std::string& stored);
  Result<bool> keep(const std::string& path, const std::string& source, const std::string& stored,
                    const OnBytes& on_bytes);
  Result<void> take(const std::string& path, const std::string& source, const std::string& stored,
                    const OnBytes& on_bytes);
  void add(const std::string& path, const std::string& stored, const FileFingerprint& seen);
  Result<void> remove_unlisted();
  Result<void> remove_unlisted_below(const std::string& folder, const std::set<std::string>& kept);

  FileSystem& files_;
  const BackupOptions options_;
  std::unique_ptr<FileLock> lock_;
  BackupListing previous_;
  std::set<std::string> previous_stored_;
  BackupListing next_;
  std::set<std::string> folders_;  // Made or written to: to be synced.
  BackupSummary summary_;
};

}  // namespace varve::engine
