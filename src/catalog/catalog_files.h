// SPDX-License-Identifier: Apache-2.0
// The two files of a server's catalog, each of which the other can be made from:
// docs/decisions/0016-the-catalog-twice.md, docs/formats/catalog.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/key_value.h"
#include "io/file_system.h"

namespace varve {

/// `catalog.log` of `catalog.db`.
std::string catalog_log_path(const std::string& database_path);

struct CatalogFiles {
  std::unique_ptr<KeyValue> store;
  /// What was found wrong, and what became of it, one sentence each, for a person.
  std::vector<std::string> damage;
  /// Entries may be missing, and what they named was not looked for yet: rows that no table claims
  /// may be those of a lost entry. Also at later openings, until settle_recovery().
  bool is_recovering = false;
};

/// Opens both, mends them, makes what is missing. `path` names the SQLite file; `has_rows`: there
/// is data that a catalog must have named. The caller holds the lock of the folder; `files`, which
/// has `path`, outlives the store. Damaged files are kept as `<name>.damaged`.
/// Also varve_catalog_damage, and a line of the log for each sentence.
/// Errors: kIo when a file cannot be read now, kUnsupported when a newer Varve wrote it, kNoSpace.
Result<CatalogFiles> open_catalog_files(FileSystem& files, const std::string& path, bool has_rows);

/// The engine has what no entry names: entries are lost, although the files agree. As when
/// open_catalog_files() finds that; gives what it did, one sentence each.
Result<std::vector<std::string>> begin_recovery(KeyValue& store);

/// The rows that lost entries named were looked for.
Result<void> settle_recovery(KeyValue& store);

/// What is wrong with the log of a database that nobody has open, one sentence each.
Result<std::vector<std::string>> check_catalog_log(FileSystem& files,
                                                   const std::string& database_path);

}  // namespace varve
