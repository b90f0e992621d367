// SPDX-License-Identifier: Apache-2.0
// A whole backup: rows written out, manifests frozen, the catalog copied after them.
#pragma once

#include <string>

#include "base/result.h"
#include "catalog/catalog.h"
#include "engine/backup/backup_writer.h"
#include "engine/backup/store_backup.h"
#include "engine/local_store.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "serve/admin/administration.h"

namespace varve {

/// What a backup is made of. All of it outlives the work.
struct BackupParts {
  FileSystem& files;
  const Clock& clock;
  Catalog& catalog;
  engine::LocalStore& store;
  const std::string& data_directory;
};

/// What was acknowledged before the call is in the backup. Errors: kInvalidInput for a folder that
/// cannot take it; after any error the folder still holds the backup of before.
Result<engine::BackupSummary> back_up(const BackupParts& parts, const admin::BackupQuestion& asked,
                                      admin::Progress& progress);

/// What the catalog knows: the rest of a store is about to go.
engine::IsLive live_in(const CatalogSnapshot& picture);

/// "/backups/plant holds 12 files, 3.4 GiB; 2 files, 1.2 MiB are new".
std::string backup_sentence(const std::string& folder, const engine::BackupSummary& summary);

/// The catalog as a file of its own, through one that stands at `path` meanwhile.
Result<std::string> catalog_file_bytes(FileSystem& local, const Catalog& catalog,
                                       const std::string& path);

/// Refuses two folders of which one lies in the other, whatever links lead there. The names stand
/// in the sentence.
Result<void> check_apart(const std::string& name, const std::string& folder,
                         const std::string& other_name, const std::string& other_folder);

}  // namespace varve
