// SPDX-License-Identifier: Apache-2.0
#include "engine/backup/backup_writer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace varve::engine {
namespace {

constexpr std::string_view kLockFile = "LOCK";
constexpr std::string_view kMarkText = "format 1\n";
constexpr std::string_view kEngineFolder = "engine";
constexpr std::string_view kStatePrefix = "state-";

// What may stand in a folder that is new to us: a mark cut short, and what file systems put there.
bool is_harmless(const std::string& name) {
  return name == kLockFile || name == std::string(kBackupMarkFile) + ".tmp" ||
         name == "lost+found";
}

}  // namespace

BackupWriter::BackupWriter(FileSystem& files, BackupOptions options)
    : files_(files), options_(std::move(options)) {}

Result<std::unique_ptr<BackupWriter>> BackupWriter::open(FileSystem& files,
                                                         BackupOptions options) {
  options.data_directory = as_utf8(options.data_directory);
  std::unique_ptr<BackupWriter> writer(new BackupWriter(files, std::move(options)));
  TRY_VOID(writer->check_folder());
  TRY_VOID(writer->read_previous());
  writer->next_.varve_version = writer->options_.varve_version;
  writer->next_.taken_at = writer->options_.taken_at;
  writer->next_.data_directory = writer->options_.data_directory;
  writer->next_.generation = writer->previous_.generation + 1;
  writer->next_.shards = writer->options_.shards;
  // Left from one that did not come to its end.
  TRY_VOID(writer->remove_unlisted_below(
      std::string(kStatePrefix) + std::to_string(writer->next_.generation), {}));
  return writer;
}

Result<void> BackupWriter::check_folder() {
  const std::string& folder = options_.folder;
  TRY_VOID(files_.create_directories(folder));
  const auto names = TRY(files_.list(folder));
  const bool is_marked = std::ranges::find(names, kBackupMarkFile) != names.end();
  // Before the lock: a folder that is not ours must not get a file of ours.
  const auto stranger = std::ranges::find_if_not(names, is_harmless);
  if (!is_marked && stranger != names.end()) {
    return fail(ErrorCode::kInvalidInput, folder + " is not empty and holds no backup of Varve "
                                          "(there is " + *stranger + "); choose another folder");
  }
  auto lock = files_.lock(join_path(folder, kLockFile));
  if (!lock && lock.error().code == ErrorCode::kAlreadyExists) {
    return fail(ErrorCode::kAlreadyExists, "another backup is being written to " + folder);
  }
  lock_ = TRY(std::move(lock));
  if (is_marked) return {};
  return write_file_atomically(files_, join_path(folder, kBackupMarkFile), kMarkText);
}

Result<void> BackupWriter::read_previous() {
  auto previous = read_backup_listing(files_, options_.folder);
  if (!previous && previous.error().code == ErrorCode::kNotFound) return {};
  if (!previous) return fail(previous.error());
  previous_ = std::move(*previous);
  for (const BackupFile& file : previous_.files) previous_stored_.insert(file.stored);
  if (previous_.data_directory == options_.data_directory) return {};
  return fail(ErrorCode::kInvalidInput,
              options_.folder + " holds a backup of " + previous_.data_directory +
                  ", which would be lost; choose another folder");
}

std::string BackupWriter::stored_path(const std::string& stored) const {
  return join_path(options_.folder, stored);
}

std::string BackupWriter::state_path(const std::string& path) const {
  return std::string(kStatePrefix) + std::to_string(next_.generation) + "/" + path;
}

Result<void> BackupWriter::make_folder_of(const std::string& stored) {
  const std::string folder = parent_folder(stored_path(stored));
  if (!folders_.insert(folder).second) return {};
  return files_.create_directories(folder);
}

void BackupWriter::add(const std::string& path, const std::string& stored,
                       const FileFingerprint& seen) {
  next_.files.push_back(
      {.path = path, .stored = stored, .size_bytes = seen.size_bytes, .crc = seen.crc});
  ++summary_.files;
  summary_.bytes += seen.size_bytes;
}

// True when `stored` is the file already.
Result<bool> BackupWriter::keep(const std::string& path, const std::string& source,
                                const std::string& stored, const OnBytes& on_bytes) {
  const auto same = have_same_end(files_, source, stored_path(stored));
  if (!same && same.error().code != ErrorCode::kNotFound) return same;
  if (!same || !*same) return false;
  const auto size = TRY(TRY(files_.open(source, FileSystem::OpenMode::kRead))->size_bytes());
  const BackupFile* listed = previous_.find(path);
  if (listed && listed->stored == stored && listed->size_bytes == size) {
    add(path, stored, {.size_bytes = size, .crc = listed->crc});
    if (on_bytes) TRY_VOID(on_bytes(size));
    return true;
  }
  // An interrupted backup brought it here.
  add(path, stored, TRY(fingerprint_of(files_, stored_path(stored), on_bytes)));
  ++summary_.files_new;
  summary_.bytes_new += size;
  return true;
}

Result<void> BackupWriter::take(const std::string& path, const std::string& source,
                                const std::string& stored, const OnBytes& on_bytes) {
  const std::string target = stored_path(stored);
  FileFingerprint seen;
  TRY_VOID(remove_if_there(files_, target));
  const auto linked = options_.copies
                          ? Result<void>(fail(ErrorCode::kUnsupported, "links are not wanted"))
                          : files_.link(source, target);
  if (linked) {
    // The same bytes; they may be far from here under their second name.
    seen = TRY(fingerprint_of(files_, source, on_bytes));
  } else if (linked.error().code == ErrorCode::kUnsupported) {
    seen = TRY(copy_file(files_, source, target, on_bytes));
    summary_.bytes_copied += seen.size_bytes;
  } else {
    return linked;
  }
  add(path, stored, seen);
  ++summary_.files_new;
  summary_.bytes_new += seen.size_bytes;
  return {};
}

Result<void> BackupWriter::add_sorted_file(const std::string& path, const std::string& source,
                                           const OnBytes& on_bytes) {
  if (!TRY(files_.exists(source))) {
    next_.missing.push_back(as_utf8(path));
    ++summary_.files_missing;
    return {};
  }
  TRY_VOID(make_folder_of(path));
  // Where the previous backup keeps it, else under its own name, unless the previous backup keeps
  // another file there: numbers repeat when an older backup was restored in between.
  const BackupFile* listed = previous_.find(path);
  if (listed && TRY(keep(path, source, listed->stored, on_bytes))) return {};
  const std::string stored =
      previous_stored_.contains(path)
          ? path.substr(0, path.rfind('.')) + "-" + std::to_string(next_.generation) +
                  path.substr(path.rfind('.'))
            : path;
  if (TRY(keep(path, source, stored, on_bytes))) return {};
  return take(path, source, stored, on_bytes);
}

Result<std::string> BackupWriter::state_file_to_write(const std::string& path) {
  const std::string stored = state_path(path);
  TRY_VOID(make_folder_of(stored));
  return stored_path(stored);
}

Result<void> BackupWriter::add_written_state_file(const std::string& path) {
  const std::string stored = state_path(path);
  const auto seen = TRY(fingerprint_of(files_, stored_path(stored), nullptr));
  add(path, stored, seen);
  ++summary_.files_new;
  summary_.bytes_new += seen.size_bytes;
  return {};
}

Result<void> BackupWriter::add_state_file(const std::string& path, std::string_view bytes) {
  const std::string target = TRY(state_file_to_write(path));
  auto file = TRY(files_.open(target, FileSystem::OpenMode::kCreate));
  TRY_VOID(file->write_at(0, bytes));
  TRY_VOID(file->sync());
  return add_written_state_file(path);
}

Result<BackupSummary> BackupWriter::finish() && {
  // Bytes and names first, then the listing that promises them.
  for (const std::string& folder : folders_) TRY_VOID(files_.sync_directory(folder));
  std::ranges::sort(next_.files, {}, &BackupFile::path);
  std::ranges::sort(next_.missing);
  TRY_VOID(write_file_atomically(files_, join_path(options_.folder, kBackupListingFile),
                                 encode_backup_listing(next_)));
  // The backup is complete; what cannot be removed now goes with the next one.
  if (const auto removed = remove_unlisted(); !removed) {
    log::warn("backup.remove_failed",
              {{"folder", options_.folder}, {"error", removed.error().message}});
  }
  return summary_;
}

// Only what backups write is looked at: sorted files, and the folders of other generations.
Result<void> BackupWriter::remove_unlisted() {
  std::set<std::string> kept;
  for (const BackupFile& file : next_.files) kept.insert(file.stored);
  for (const std::string& name : TRY(files_.list(options_.folder))) {
    if (name != kEngineFolder && !name.starts_with(kStatePrefix)) continue;
    TRY_VOID(remove_unlisted_below(name, kept));
  }
  return {};
}

Result<void> BackupWriter::remove_unlisted_below(const std::string& folder,
                                                 const std::set<std::string>& kept) {
  const auto names = files_.list(stored_path(folder));
  if (!names) return {};  // Not there, or no folder.
  size_t left = 0;
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    if (kept.contains(path)) {
      ++left;
      continue;
    }
    if (files_.list(stored_path(path))) {
      TRY_VOID(remove_unlisted_below(path, kept));
      if (TRY(files_.exists(stored_path(path)))) ++left;
      continue;
    }
    const bool is_ours = folder.starts_with(kStatePrefix) || name.ends_with(".sst") ||
                         name.ends_with(".sst.tmp");
    if (!is_ours) {
      ++left;
      continue;
    }
    TRY_VOID(files_.remove(stored_path(path)));
    ++summary_.files_removed;
  }
  if (left == 0) TRY_VOID(files_.remove(stored_path(folder)));
  return {};
}

}  // namespace varve::engine
