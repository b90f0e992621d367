// SPDX-License-Identifier: Apache-2.0
#include "varve/data_directory.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace varve {
namespace {

constexpr std::string_view kFormatFile = "VARVE";
constexpr std::string_view kLockFile = "LOCK";
constexpr std::string_view kFormatWord = "format ";

/// What may stand in a folder that nobody has used yet: a lock or a mark cut short by a crash, and
/// what file systems put at their root.
constexpr auto kHarmless = std::to_array<std::string_view>({kLockFile, "VARVE.tmp", "lost+found"});

Result<void> check_format(const std::string& path, std::string_view text) {
  int format = 0;
  if (text.starts_with(kFormatWord)) {
    text.remove_prefix(kFormatWord.size());
    std::from_chars(text.data(), text.data() + text.size(), format);
  }
  if (format == DataDirectory::kFormat) return {};
  if (format > DataDirectory::kFormat) {
    return fail(ErrorCode::kUnsupported, path + " was written by a newer Varve: its format is " +
                                             std::to_string(format) + ", this one reads " +
                                             std::to_string(DataDirectory::kFormat));
  }
  return fail(ErrorCode::kCorrupt, join_path(path, kFormatFile) + " does not hold a format number");
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
  const auto format_path = join_path(path, kFormatFile);
  if (is_marked) {
    TRY_VOID(check_format(path, TRY(read_file(files, format_path))));
  } else {
    TRY_VOID(write_file_atomically(files, format_path,
                                   std::string(kFormatWord) + std::to_string(kFormat) + "\n"));
  }
  return DataDirectory(std::move(path), std::move(lock));
}

}  // namespace varve
