// SPDX-License-Identifier: Apache-2.0
// What a restore into a running server is about to make, written down first: should the server end
// in between, the next start takes it away again.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "io/file_system.h"
#include "store/store.h"

namespace varve {

/// Only names that did not exist before.
struct RestoreJournal {
  std::string database;
  bool makes_database = false;
  std::vector<std::string> policies;
  /// Policy and table.
  std::vector<std::pair<std::string, std::string>> tables;
};

/// Where it stands in a data directory.
std::string restore_journal_path(const std::string& data_directory);

Result<void> write_restore_journal(FileSystem& files, const std::string& data_directory,
                                   const RestoreJournal& journal);
Result<void> remove_restore_journal(FileSystem& files, const std::string& data_directory);

/// Drops what the journal names, rows too.
Result<void> undo_restore(const RestoreJournal& journal, Catalog& catalog, StoreAdmin& store);

/// At the start of a server: undoes what an interrupted restore has left. A journal that cannot be
/// read is logged and left alone.
Result<void> undo_interrupted_restore(FileSystem& files, const std::string& data_directory,
                                      Catalog& catalog, StoreAdmin& store);

}  // namespace varve
