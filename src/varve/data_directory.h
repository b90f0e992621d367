// SPDX-License-Identifier: Apache-2.0
// The folder that holds everything: checked, marked and locked before anything else opens it.
//
//   VARVE       format number of the folder, twice LOCK     held by the server, with its pid
//   catalog.db  databases, tables, columns         engine/  rows
//   catalog.log the same once more
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/file_system.h"

namespace varve {

/// Holds the lock for its life.
class DataDirectory {
 public:
  static constexpr int kFormat = 1;
  /// Whether the file that marks a data directory is as it should be: kCorrupt, or kUnsupported for
  /// a newer format.
  static Result<void> check_mark(FileSystem& files, const std::string& path);

  /// Makes the folder when missing. A mark that is damaged in a folder that holds our files is
  /// written anew. Refuses a folder with other things in it, one of a newer
  /// format, and one that another process uses (the message names its pid). The file system
  /// outlives it.
  static Result<DataDirectory> open(FileSystem& files, std::string path);

  const std::string& path() const { return path_; }
  /// What was found damaged; empty: nothing.
  const std::string& damage() const { return damage_; }
  std::string catalog_path() const { return join_path(path_, "catalog.db"); }
  std::string engine_path() const { return join_path(path_, "engine"); }

 private:
  DataDirectory(std::string path, std::string damage, std::unique_ptr<FileLock> lock)
      : path_(std::move(path)), damage_(std::move(damage)), lock_(std::move(lock)) {}

  std::string path_;
  std::string damage_;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace varve
