// SPDX-License-Identifier: Apache-2.0
// A backup made a data directory again, and a backup checked byte for byte.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/backup/backup_listing.h"
#include "engine/backup/file_copy.h"
#include "io/file_system.h"

namespace varve::engine {

struct RestoreOptions {
  std::string from;
  /// The new data directory; made when missing, else it must be empty (or hold a restore that was
  /// interrupted, which is begun again).
  std::string to;
  /// Compares every file with its checksum while it is copied.
  bool verifies = true;
};

/// The name of the file that must stand last: without it nothing takes the folder for a data
/// directory.
inline constexpr std::string_view kDataDirectoryMark = "VARVE";

/// Copies all files. Errors: kInvalidInput for a folder that is not empty, kCorrupt naming the file
/// of the backup that is damaged. After an error the folder is no data directory.
Result<BackupListing> restore_backup(FileSystem& files, const RestoreOptions& options,
                                     const OnBytes& on_bytes);

/// A file of a backup that is not what the listing says.
struct BackupDamage {
  BackupFile file;
  std::string reason;
};

/// Reads every file of the backup.
Result<std::vector<BackupDamage>> check_backup(FileSystem& files, const std::string& folder,
                                               const BackupListing& listing,
                                               const OnBytes& on_bytes);

}  // namespace varve::engine
