// SPDX-License-Identifier: Apache-2.0
#include "engine/backup/file_copy.h"

#include <algorithm>
#include <memory>

#include "base/checksum.h"

namespace varve::engine {
namespace {

constexpr size_t kPieceBytes = 1u << 20;
constexpr uint64_t kEndBytes = 16 * 1024;

// Calls `take` with each piece.
template <class Take>
Result<FileFingerprint> read_pieces(const File& file, const OnBytes& on_bytes, Take take) {
  FileFingerprint seen;
  while (true) {
    const std::string piece = TRY(file.read_at(seen.size_bytes, kPieceBytes));
    if (piece.empty()) return seen;
    TRY_VOID(take(seen.size_bytes, piece));
    seen.crc = crc32c(piece, seen.crc);
    seen.size_bytes += piece.size();
    if (on_bytes) TRY_VOID(on_bytes(piece.size()));
  }
}

}  // namespace

Result<FileFingerprint> fingerprint_of(FileSystem& files, const std::string& path,
                                       const OnBytes& on_bytes) {
  const auto file = TRY(files.open(path, FileSystem::OpenMode::kRead));
  return read_pieces(*file, on_bytes,
                     [](uint64_t, const std::string&) { return Result<void>(); });
}

Result<FileFingerprint> copy_file(FileSystem& files, const std::string& from, const std::string& to,
                                  const OnBytes& on_bytes) {
  const auto source = TRY(files.open(from, FileSystem::OpenMode::kRead));
  const std::string temporary = to + ".tmp";
  TRY_VOID(remove_if_there(files, temporary));
  auto target = TRY(files.open(temporary, FileSystem::OpenMode::kCreate));
  auto copied = read_pieces(*source, on_bytes, [&](uint64_t offset, const std::string& piece) {
    return target->write_at(offset, piece);
  });
  Result<void> finished = copied ? target->sync() : Result<void>(fail(copied.error()));
  target.reset();
  if (finished) finished = files.rename(temporary, to);
  if (!finished) {
    static_cast<void>(files.remove(temporary));
    return fail(finished.error());
  }
  return copied;
}

Result<bool> have_same_end(FileSystem& files, const std::string& left, const std::string& right) {
  const auto left_file = TRY(files.open(left, FileSystem::OpenMode::kRead));
  const auto right_file = TRY(files.open(right, FileSystem::OpenMode::kRead));
  const uint64_t size = TRY(left_file->size_bytes());
  if (size != TRY(right_file->size_bytes())) return false;
  const uint64_t begin = size - std::min(size, kEndBytes);
  const auto left_end = TRY(left_file->read_at(begin, size - begin));
  return left_end == TRY(right_file->read_at(begin, size - begin));
}

Result<void> remove_if_there(FileSystem& files, const std::string& path) {
  const auto removed = files.remove(path);
  if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
  return {};
}

}  // namespace varve::engine
