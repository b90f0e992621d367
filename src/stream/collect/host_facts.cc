// SPDX-License-Identifier: Apache-2.0
#include "stream/collect/host_facts.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace varve::collect {
namespace {

// Larger than any of these texts on a machine with a thousand cores and disks.
constexpr size_t kTextBytesMax = 4 << 20;

tl::unexpected<Error> failed(const std::string& path) {
  return fail(ErrorCode::kIo, "cannot read " + path + ": " + std::strerror(errno));
}

}  // namespace

Result<std::string> LinuxHostFacts::read(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed(path);
  std::string text;
  char block[16'384];
  ssize_t size_bytes = 0;
  // These files have no size to ask for.
  while (text.size() < kTextBytesMax) {
    size_bytes = ::read(file, block, sizeof block);
    if (size_bytes < 0 && errno == EINTR) continue;
    if (size_bytes <= 0) break;
    text.append(block, static_cast<size_t>(size_bytes));
  }
  const int read_error = errno;
  ::close(file);
  errno = read_error;
  if (size_bytes < 0) return failed(path);
  return text;
}

Result<SpaceFigures> LinuxHostFacts::space(const std::string& mount_path) {
  struct statvfs figures {};
  if (::statvfs(mount_path.c_str(), &figures) != 0) return failed(mount_path);
  return SpaceFigures{.total_bytes = figures.f_blocks * figures.f_frsize,
                      .free_bytes = figures.f_bfree * figures.f_frsize,
                      .available_bytes = figures.f_bavail * figures.f_frsize,
                      .inodes_total = figures.f_files,
                      .inodes_free = figures.f_ffree};
}

std::string machine_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  return name;
}

}  // namespace varve::collect
