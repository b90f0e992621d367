// SPDX-License-Identifier: Apache-2.0
#include "io/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "io/posix_error.h"

namespace varve {
namespace {

constexpr size_t kTrustedReadBytesMax = 1024 * 1024;
constexpr mode_t kFileMode = 0640;  // Data of the service: nobody else's to read.

// Calls until no signal comes between.
template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto given = call();
    if (given >= 0 || errno != EINTR) return given;
  }
}

}  // namespace

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : number_(std::exchange(other.number_, -1)) {}

FileDescriptor::~FileDescriptor() {
  // Never again after EINTR: Linux has freed the number by then. Source: close(2).
  if (number_ >= 0) close(number_);
}

Result<FileDescriptor> open_descriptor(const std::string& path, int flags) {
  const int number =
      uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); });
  if (number < 0) return fail(posix_error("open", path, errno));
  return FileDescriptor(number);
}

Result<std::string> PosixFile::read_at(uint64_t offset, size_t size_bytes) const {
  if (size_bytes > kTrustedReadBytesMax) {
    // The size of the file bounds what a damaged length can make us reserve.
    const uint64_t end_of_file = TRY(this->size_bytes());
    size_bytes = std::min<uint64_t>(size_bytes, offset < end_of_file ? end_of_file - offset : 0);
  }
  std::string bytes(size_bytes, '\0');
  bytes.resize(TRY(read_into(offset, bytes.data(), bytes.size())));
  return bytes;
}

Result<size_t> PosixFile::read_into(uint64_t offset, char* out, size_t size_bytes) const {
  if (offset > static_cast<uint64_t>(std::numeric_limits<off_t>::max())) return size_t{0};
  size_t done_bytes = 0;
  while (done_bytes < size_bytes) {
    const ssize_t read_bytes = uninterrupted([&] {
      return pread(descriptor_.number(), out + done_bytes, size_bytes - done_bytes,
                   static_cast<off_t>(offset + done_bytes));
    });
    if (read_bytes < 0) return fail(posix_error("read", path_, errno));
    if (read_bytes == 0) break;
    done_bytes += static_cast<size_t>(read_bytes);
  }
  return done_bytes;
}

Result<void> PosixFile::write_at(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written_bytes = uninterrupted([&] {
      return pwrite(descriptor_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    });
    if (written_bytes < 0) return fail(posix_error("write", path_, errno));
    bytes.remove_prefix(static_cast<size_t>(written_bytes));
    offset += static_cast<uint64_t>(written_bytes);
  }
  return {};
}

Result<void> PosixFile::write_blocks_at(uint64_t offset, std::string_view bytes) {
  if (!direct_ && !is_direct_refused_) {
    // Through the descriptor and not the path, which may name another file by now.
    const std::string self = "/proc/self/fd/" + std::to_string(descriptor_.number());
    auto opened = open_descriptor(self, O_WRONLY | O_DIRECT);
    if (opened) direct_.emplace(std::move(*opened));
  }
  while (direct_ && !bytes.empty()) {
    const ssize_t written_bytes = uninterrupted([&] {
      return pwrite(direct_->number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    });
    if (written_bytes < 0 && errno != EINVAL) return fail(posix_error("write", path_, errno));
    if (written_bytes >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written_bytes));
      offset += static_cast<uint64_t>(written_bytes);
    }
    // A file system that can't, or a piece that ended inside a block.
    if (written_bytes < 0 || written_bytes % kBlockBytes != 0) direct_.reset();
  }
  is_direct_refused_ = !direct_;
  return write_at(offset, bytes);
}

Result<void> PosixFile::allocate(uint64_t offset, uint64_t size_bytes) {
  if (size_bytes == 0) return {};
  const int refused = uninterrupted([&] {
    return fallocate(descriptor_.number(), 0, static_cast<off_t>(offset),
                     static_cast<off_t>(size_bytes));
  });
  if (refused == 0) return {};
  if (errno == EOPNOTSUPP || errno == ENOSYS) {
    return allocate_by_writing(*this, offset, size_bytes);
  }
  return fail(posix_error("reserve space in", path_, errno));
}

Result<void> PosixFile::truncate(uint64_t size_bytes) {
  const int refused = uninterrupted(
      [&] { return ftruncate(descriptor_.number(), static_cast<off_t>(size_bytes)); });
  if (refused != 0) return fail(posix_error("truncate", path_, errno));
  return {};
}

Result<void> PosixFile::sync() {
  if (uninterrupted([&] { return fdatasync(descriptor_.number()); }) != 0) {
    return fail(posix_error("sync", path_, errno));
  }
  return {};
}

Result<uint64_t> PosixFile::size_bytes() const {
  struct stat about {};
  if (fstat(descriptor_.number(), &about) != 0) return fail(posix_error("examine", path_, errno));
  return static_cast<uint64_t>(about.st_size);
}

Result<void> allocate_by_writing(File& file, uint64_t offset, uint64_t size_bytes) {
  constexpr uint64_t kPieceBytes = 256 * 1024;
  const uint64_t end = offset + size_bytes;
  for (uint64_t at = offset; at < end;) {
    const uint64_t piece_bytes = std::min(kPieceBytes, end - at);
    std::string piece = TRY(file.read_at(at, piece_bytes));
    piece.resize(piece_bytes, '\0');
    TRY_VOID(file.write_at(at, piece));
    at += piece_bytes;
  }
  return {};
}

}  // namespace varve
