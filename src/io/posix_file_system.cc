// SPDX-License-Identifier: Apache-2.0
#include "io/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "io/posix_error.h"
#include "io/posix_file.h"

namespace varve {
namespace {

constexpr mode_t kFolderMode = 0750;

int flags_of(FileSystem::OpenMode mode) {
  switch (mode) {
    case FileSystem::OpenMode::kRead: return O_RDONLY;
    case FileSystem::OpenMode::kReadWrite: return O_RDWR;
    case FileSystem::OpenMode::kCreate: return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

Result<bool> is_folder(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return fail(posix_error("examine", path, errno));
  return S_ISDIR(about.st_mode);
}

// flock belongs to the open file, not to the process: a second lock() in this process is refused
// too, and the lock goes with the descriptor however the process ends.
class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(PosixFile file) : file_(std::move(file)) {}

 private:
  PosixFile file_;
};

std::string in_use_message(const std::string& path, const File& lock_file) {
  constexpr size_t kPidDigitsMax = 20;
  std::string holder = lock_file.read_at(0, kPidDigitsMax).value_or("");
  holder.resize(std::min(holder.size(), holder.find_first_not_of("0123456789")));
  return "data directory " + parent_folder(path) + " is in use by " +
         (holder.empty() ? "another process" : "process " + holder);
}

// Gives whether the folder is new.
Result<bool> make_folder(const std::string& folder) {
  if (mkdir(folder.c_str(), kFolderMode) == 0) return true;
  const int error_number = errno;
  // Some systems answer EACCES or EROFS before EEXIST.
  if (const auto exists = is_folder(folder); exists && *exists) return false;
  return fail(posix_error("make folder", folder, error_number));
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  auto descriptor = TRY(open_descriptor(path, flags_of(mode)));
  struct stat about {};
  if (fstat(descriptor.number(), &about) != 0) return fail(posix_error("examine", path, errno));
  if (S_ISDIR(about.st_mode)) return fail(posix_error("open", path, EISDIR));
  return std::make_unique<PosixFile>(std::move(descriptor), path);
}

Result<bool> PosixFileSystem::exists(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return fail(posix_error("examine", path, errno));
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(opendir(folder.c_str()), closedir);
  if (!opened) return fail(posix_error("list", folder, errno));
  std::vector<std::string> names;
  for (;;) {
    errno = 0;  // readdir tells the end from an error only by this.
    const dirent* entry = readdir(opened.get());
    if (entry == nullptr && errno != 0) return fail(posix_error("list", folder, errno));
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) {
    return fail(posix_error("rename", from + " to " + to, errno));
  }
  return {};
}

Result<void> PosixFileSystem::link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  const int error_number = errno;
  const Error error = posix_error("link", from + " to " + to, error_number);
  switch (error_number) {
    // EPERM: a file system without links, or a file of another owner (fs.protected_hardlinks).
    case EXDEV:
    case EPERM:
    case EOPNOTSUPP:
    case ENOSYS:
    case EMLINK: return fail(ErrorCode::kUnsupported, error.message);
    default: return fail(error);
  }
}

Result<void> PosixFileSystem::remove(const std::string& path) {
  if (std::remove(path.c_str()) != 0) return fail(posix_error("remove", path, errno));
  return {};
}

Result<void> PosixFileSystem::create_directories(const std::string& folder) {
  for (size_t end = 0; end < folder.size();) {
    end = std::min(folder.find('/', end + 1), folder.size());
    const std::string path = folder.substr(0, end);
    if (path.find_first_not_of('/') == std::string::npos) continue;
    const bool is_new = TRY(make_folder(path));
    const bool is_last = folder.find_first_not_of('/', end) == std::string::npos;
    if (!is_new && !is_last) continue;
    // Also when the last one stands already: whoever made it may have died before this sync. Then
    // its parent may be a folder that we may not read, which is no reason to refuse.
    const auto synced = sync_directory(parent_folder(path));
    if (!synced && is_new) return synced;
  }
  return {};
}

Result<void> PosixFileSystem::sync_directory(const std::string& folder) {
  const auto descriptor = TRY(open_descriptor(folder, O_RDONLY | O_DIRECTORY));
  while (fsync(descriptor.number()) != 0) {
    if (errno != EINTR) return fail(posix_error("sync folder", folder, errno));
  }
  return {};
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const std::string& path) {
  auto descriptor = TRY(open_descriptor(path, O_RDWR | O_CREAT));
  const bool locked = flock(descriptor.number(), LOCK_EX | LOCK_NB) == 0;
  if (!locked && errno != EWOULDBLOCK) return fail(posix_error("lock", path, errno));
  PosixFile lock_file(std::move(descriptor), path);
  if (!locked) return fail(ErrorCode::kAlreadyExists, in_use_message(path, lock_file));
  // For the message above, in whoever comes second.
  TRY_VOID(lock_file.truncate(0));
  TRY_VOID(lock_file.write_at(0, std::to_string(getpid()) + "\n"));
  return std::make_unique<PosixFileLock>(std::move(lock_file));
}

Result<uint64_t> PosixFileSystem::free_bytes(const std::string& folder) {
  struct statvfs about {};
  if (statvfs(folder.c_str(), &about) != 0) return fail(posix_error("examine", folder, errno));
  return uint64_t{about.f_bavail} * about.f_frsize;
}

}  // namespace varve
