// SPDX-License-Identifier: Apache-2.0
#include "io/file_system.h"

#include <utility>

namespace varve {
namespace {

Result<void> replace_through(FileSystem& files, const std::string& temporary,
                             const std::string& path, std::string_view bytes) {
  {
    const auto file = TRY(files.open(temporary, FileSystem::OpenMode::kCreate));
    TRY_VOID(file->write_at(0, bytes));
    TRY_VOID(file->sync());
  }
  // Bytes before the name: the new name must never stand for anything but the whole file.
  TRY_VOID(files.rename(temporary, path));
  return files.sync_directory(parent_folder(path));
}

}  // namespace

Result<std::string> read_file(FileSystem& files, const std::string& path) {
  const auto file = TRY(files.open(path, FileSystem::OpenMode::kRead));
  const uint64_t size_bytes = TRY(file->size_bytes());
  return file->read_at(0, size_bytes);
}

Result<void> write_file_atomically(FileSystem& files, const std::string& path,
                                   std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  // An earlier crash may have left one.
  if (TRY(files.exists(temporary))) TRY_VOID(files.remove(temporary));
  const Result<void> replaced = replace_through(files, temporary, path, bytes);
  if (!replaced) {
    // A full disk gets its space back. That the removal may fail too changes nothing: the next
    // write of this path removes what is left.
    static_cast<void>(files.remove(temporary));
  }
  return replaced;
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty() && path.back() != '/') path += '/';
  path += name;
  return path;
}

std::string parent_folder(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

}  // namespace varve
