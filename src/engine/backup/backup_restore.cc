// SPDX-License-Identifier: Apache-2.0
#include "engine/backup/backup_restore.h"

#include <algorithm>
#include <set>

#include "base/log.h"

namespace varve::engine {
namespace {

// Stands in a folder while it is being filled.
constexpr std::string_view kUnfinishedMark = "RESTORING";

// The reason, or nothing when the file is what it should be.
std::string difference(const BackupFile& wanted, const FileFingerprint& seen) {
  if (seen.size_bytes != wanted.size_bytes) {
    return "it has " + std::to_string(seen.size_bytes) + " bytes instead of " +
           std::to_string(wanted.size_bytes);
  }
  return seen.crc == wanted.crc ? "" : "its checksum is wrong";
}

Result<void> begin_folder(FileSystem& files, const std::string& folder) {
  TRY_VOID(files.create_directories(folder));
  const auto names = TRY(files.list(folder));
  const auto has = [&](std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  const auto other = std::ranges::find_if(names, [](const std::string& name) {
    return name != "lost+found" && name != std::string(kUnfinishedMark) + ".tmp";
  });
  const bool is_unfinished = has(kUnfinishedMark) && !has(kDataDirectoryMark);
  if (other != names.end() && !is_unfinished) {
    return fail(ErrorCode::kInvalidInput, folder + " is not empty (there is " + *other +
                                              "); a backup is restored into a new folder");
  }
  return write_file_atomically(
      files, join_path(folder, kUnfinishedMark),
      "A backup is being restored into this folder. Run varve restore again if it was stopped.\n");
}

Result<void> restore_file(FileSystem& files, const RestoreOptions& options, const BackupFile& file,
                          const OnBytes& on_bytes) {
  const std::string source = join_path(options.from, file.stored);
  const auto copied = copy_file(files, source, join_path(options.to, file.path), on_bytes);
  if (!copied) return fail(copied.error());
  const std::string reason = options.verifies ? difference(file, *copied) : "";
  if (reason.empty()) return {};
  return fail(ErrorCode::kCorrupt, source + " is damaged: " + reason + "; " + options.to +
                                       " was not completed");
}

}  // namespace

Result<BackupListing> restore_backup(FileSystem& files, const RestoreOptions& options,
                                     const OnBytes& on_bytes) {
  auto listing = TRY(read_backup_listing(files, options.from));
  const BackupFile* mark = listing.find(kDataDirectoryMark);
  if (mark == nullptr) {
    return fail(ErrorCode::kCorrupt, options.from + " lists no file " +
                                         std::string(kDataDirectoryMark));
  }
  TRY_VOID(begin_folder(files, options.to));
  std::set<std::string> folders;
  for (const BackupFile& file : listing.files) {
    if (&file == mark) continue;
    const std::string folder = parent_folder(join_path(options.to, file.path));
    if (folders.insert(folder).second) TRY_VOID(files.create_directories(folder));
    TRY_VOID(restore_file(files, options, file, on_bytes));
  }
  for (const std::string& folder : folders) TRY_VOID(files.sync_directory(folder));
  // Under its name it says that all is well, so it is looked at before.
  const std::string stored_mark = join_path(options.from, mark->stored);
  const auto seen = TRY(fingerprint_of(files, stored_mark, nullptr));
  if (const std::string reason = difference(*mark, seen); !reason.empty()) {
    return fail(ErrorCode::kCorrupt, stored_mark + " is damaged: " + reason);
  }
  Result<void> marked = restore_file(files, options, *mark, on_bytes);
  if (marked) marked = files.sync_directory(options.to);
  if (!marked) {
    // Else the folder would be taken for one in use when this is tried again.
    static_cast<void>(files.remove(join_path(options.to, mark->path)));
    return fail(marked.error());
  }
  // It is whole whether or not this goes.
  const std::string unfinished = join_path(options.to, kUnfinishedMark);
  Result<void> ended = files.remove(unfinished);
  if (ended) ended = files.sync_directory(options.to);
  if (!ended) {
    log::warn("restore.mark_left", {{"file", unfinished}, {"error", ended.error().message}});
  }
  return listing;
}

Result<std::vector<BackupDamage>> check_backup(FileSystem& files, const std::string& folder,
                                               const BackupListing& listing,
                                               const OnBytes& on_bytes) {
  std::vector<BackupDamage> damage;
  // Errors of the caller end the check, those of a file do not.
  Result<void> stopped;
  const OnBytes noted = [&](uint64_t size_bytes) -> Result<void> {
    if (on_bytes) stopped = on_bytes(size_bytes);
    return stopped;
  };
  for (const BackupFile& file : listing.files) {
    const auto seen = fingerprint_of(files, join_path(folder, file.stored), noted);
    if (!stopped) return fail(stopped.error());
    const std::string reason = seen ? difference(file, *seen) : seen.error().message;
    if (!reason.empty()) damage.push_back({.file = file, .reason = reason});
  }
  return damage;
}

}  // namespace varve::engine
