// SPDX-License-Identifier: Apache-2.0
#include "engine/backup/backup_file_system.h"

#include "base/check.h"

namespace varve::engine {

BackupFileSystem::BackupFileSystem(FileSystem& files, const std::string& folder,
                                   const BackupListing& listing)
    : files_(files) {
  const MutexLock lock(mutex_);
  for (const BackupFile& file : listing.files) {
    std::string path = "/" + file.path;
    CHECK(memory_.create_directories(parent_folder(path)).has_value());
    stored_.emplace(std::move(path), join_path(folder, file.stored));
  }
}

std::string BackupFileSystem::stored(const std::string& path) const {
  const MutexLock lock(mutex_);
  const auto found = stored_.find(path);
  return found == stored_.end() ? std::string() : found->second;
}

void BackupFileSystem::hide(const std::string& path) {
  const MutexLock lock(mutex_);
  stored_.erase(path);
}

Result<std::unique_ptr<File>> BackupFileSystem::open(const std::string& path, OpenMode mode) {
  const std::string place = stored(path);
  if (place.empty()) return memory_.open(path, mode);
  if (mode == OpenMode::kRead) return files_.open(place, mode);
  if (mode == OpenMode::kCreate) return fail(ErrorCode::kAlreadyExists, "file exists: " + path);
  return fail(ErrorCode::kUnsupported, "a file of a backup cannot be changed: " + place);
}

Result<bool> BackupFileSystem::exists(const std::string& path) {
  const std::string place = stored(path);
  return place.empty() ? memory_.exists(path) : files_.exists(place);
}

Result<std::vector<std::string>> BackupFileSystem::list(const std::string& folder) {
  const auto written = TRY(memory_.list(folder));
  std::set<std::string> names(written.begin(), written.end());
  const std::string prefix = folder.ends_with('/') ? folder : folder + "/";
  const MutexLock lock(mutex_);
  for (auto entry = stored_.lower_bound(prefix); entry != stored_.end(); ++entry) {
    if (!entry->first.starts_with(prefix)) break;
    const std::string rest = entry->first.substr(prefix.size());
    names.insert(rest.substr(0, rest.find('/')));
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<void> BackupFileSystem::rename(const std::string& from, const std::string& to) {
  if (!stored(from).empty()) {
    return fail(ErrorCode::kUnsupported, "a file of a backup cannot be renamed: " + from);
  }
  TRY_VOID(memory_.rename(from, to));
  hide(to);
  return {};
}

Result<void> BackupFileSystem::link(const std::string& from, const std::string& to) {
  if (stored(from).empty() && stored(to).empty()) return memory_.link(from, to);
  return fail(ErrorCode::kUnsupported, "a file of a backup cannot be linked: " + from);
}

Result<void> BackupFileSystem::remove(const std::string& path) {
  if (stored(path).empty()) return memory_.remove(path);
  hide(path);
  return {};
}

Result<void> BackupFileSystem::create_directories(const std::string& folder) {
  return memory_.create_directories(folder);
}

Result<void> BackupFileSystem::sync_directory(const std::string& folder) {
  return memory_.sync_directory(folder);
}

Result<std::unique_ptr<FileLock>> BackupFileSystem::lock(const std::string& path) {
  return memory_.lock(path);
}

Result<uint64_t> BackupFileSystem::free_bytes(const std::string& folder) {
  return memory_.free_bytes(folder);
}

}  // namespace varve::engine
