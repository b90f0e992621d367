// SPDX-License-Identifier: Apache-2.0
#include "varve/data_directory.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/log.h"

namespace varve {
namespace {

constexpr std::string_view kFormatFile = "VARVE";
constexpr std::string_view kLockFile = "LOCK";
constexpr std::string_view kFormatWord = "format ";

/// What may stand in a folder that nobody has used yet: a lock or a mark cut short by a crash, and
/// what file systems put at their root.
constexpr auto kHarmless = std::to_array<std::string_view>({kLockFile, "VARVE.tmp", "lost+found"});

std::string mark_text() {
  const std::string line = std::string(kFormatWord) + std::to_string(DataDirectory::kFormat) + "\n";
  return line + line;
}

// 0: the line says none.
int format_in(std::string_view line) {
  int format = 0;
  if (!line.starts_with(kFormatWord)) return 0;
  line.remove_prefix(kFormatWord.size());
  const auto parsed = std::from_chars(line.data(), line.data() + line.size(), format);
  return parsed.ptr == line.data() + line.size() ? format : 0;
}

// The number stands there twice, since a flipped bit can make another number of it. Earlier
// versions wrote it once.
Result<void> check_format(const std::string& path, std::string_view text) {
  const auto corrupt = fail(ErrorCode::kCorrupt,
                            join_path(path, kFormatFile) + " does not hold a format number");
  if (!text.ends_with('\n')) return corrupt;
  text.remove_suffix(1);
  const size_t end = std::min(text.find('\n'), text.size());
  const int format = format_in(text.substr(0, end));
  const bool is_twice = end < text.size();
  if (format == 0 || (is_twice && format_in(text.substr(end + 1)) != format)) return corrupt;
  if (format == DataDirectory::kFormat) return {};
  return fail(ErrorCode::kUnsupported, path + " was written by a newer Varve: its format is " +
                                           std::to_string(format) + ", this one reads " +
                                           std::to_string(DataDirectory::kFormat));
}

// So that a mark without a number can only be a damaged one.
Result<bool> holds_data(FileSystem& files, const std::string& path) {
  for (const char* name : {"catalog.db", "catalog.log"}) {
    if (!TRY(files.exists(join_path(path, name)))) continue;
    return files.exists(join_path(path, "engine/SHARDS"));
  }
  return false;
}

}  // namespace

Result<void> DataDirectory::check_mark(FileSystem& files, const std::string& path) {
  return check_format(path, TRY(read_file(files, join_path(path, kFormatFile))));
}

Result<DataDirectory> DataDirectory::open(FileSystem& files, std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  TRY_VOID(files.create_directories(path));
  const auto names = TRY(files.list(path));
  const bool is_marked = std::find(names.begin(), names.end(), kFormatFile) != names.end();
  const auto stranger = std::find_if(names.begin(), names.end(), [](const std::string& name) {
    return std::find(kHarmless.begin(), kHarmless.end(), name) == kHarmless.end();
  });
  // Before the lock: a folder that is not ours must not get a file of ours.
  if (!is_marked && stranger != names.end()) {
    return fail(ErrorCode::kInvalidInput,
                path + " is not empty and holds no data of Varve (there is " + *stranger +
                    "); choose another folder");
  }
  auto lock = TRY(files.lock(join_path(path, kLockFile)));
  const auto mark_path = join_path(path, kFormatFile);
  const std::string mark = is_marked ? TRY(read_file(files, mark_path)) : "";
  std::string damage;
  if (const auto checked = is_marked ? check_format(path, mark) : Result<void>(); !checked) {
    const bool is_damaged = checked.error().code == ErrorCode::kCorrupt;
    if (!is_damaged || !TRY(holds_data(files, path))) return fail(checked.error());
    damage = checked.error().message + ": it was damaged, and is written anew";
    log::error("data_directory.mark_damaged", {{"file", mark_path}});
  }
  if (mark != mark_text()) {
    const auto written = write_file_atomically(files, mark_path, mark_text());
    // An older mark, or a damaged one, will do as well while the disk is full.
    if (!written && (!is_marked || written.error().code != ErrorCode::kNoSpace)) {
      return fail(written.error());
    }
  }
  return DataDirectory(std::move(path), std::move(damage), std::move(lock));
}

}  // namespace varve
