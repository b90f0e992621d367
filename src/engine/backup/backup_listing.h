// SPDX-License-Identifier: Apache-2.0
// backup.json: which files make a backup, and what they must look like. docs/formats/backup.md
// describes the folder. Replaced atomically as the last step of a backup, so that the folder always
// holds one whole backup.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace varve::engine {

inline constexpr std::string_view kBackupListingFile = "backup.json";
/// Says that a folder is one of backups, also before the first is complete.
inline constexpr std::string_view kBackupMarkFile = "VARVE-BACKUP";

/// One file of the data directory, as it is kept.
struct BackupFile {
  std::string path;    ///< In the data directory: "engine/shard-0/12.sst".
  std::string stored;  ///< In the backup's folder.
  uint64_t size_bytes = 0;
  uint32_t crc = 0;  ///< CRC32C of all bytes.
};

struct BackupListing {
  static constexpr int kFormat = 1;

  std::string varve_version;
  /// When it began, RFC 3339 in UTC.
  std::string taken_at;
  /// The folder that was backed up. Another one is not backed up into the same place.
  std::string data_directory;
  /// Rises with every backup into the folder.
  uint64_t generation = 0;
  uint32_t shards = 0;
  /// Files that a manifest named and that were not there: rows lost before the backup.
  std::vector<std::string> missing;
  /// By rising path.
  std::vector<BackupFile> files;

  /// Null when it has none.
  const BackupFile* find(std::string_view path) const;
  uint64_t size_bytes() const;
};

/// The text with what is no UTF-8 replaced: a folder's name may be any bytes, a listing may not.
std::string as_utf8(std::string_view text);

/// Requires UTF-8 in every text.
std::string encode_backup_listing(const BackupListing& listing);
/// kCorrupt when the text is none or was changed; kUnsupported for a newer format.
Result<BackupListing> decode_backup_listing(std::string_view text);

/// Of a folder; errors name the file, and kNotFound says that there is no complete backup.
Result<BackupListing> read_backup_listing(FileSystem& files, const std::string& folder);

/// Whether a path of a listing stays below its folder.
bool is_safe_backup_path(std::string_view path);

}  // namespace varve::engine
