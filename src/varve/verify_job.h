// SPDX-License-Identifier: Apache-2.0
// Every checksum that there is, compared: of a running server, of a folder at rest, of a backup.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "catalog/catalog.h"
#include "engine/local_store.h"
#include "io/file_system.h"
#include "serve/admin/administration.h"

namespace varve {

/// Each names what is damaged to `progress`, one sentence each.
Result<admin::Outcome> verify_running(FileSystem& files, const Catalog& catalog,
                                      engine::LocalStore& store, admin::Progress& progress);
/// Takes the lock of the folder, so that no server starts meanwhile; kAlreadyExists while one has
/// it. Changes nothing else. `mount`, called with the lock held, gives the files of the folder;
/// empty: they are those of `files`.
Result<admin::Outcome> verify_data_directory(FileSystem& files, const std::string& path,
                                             admin::Progress& progress,
                                             const std::function<Result<FileSystem*>()>& mount);
Result<admin::Outcome> verify_backup(FileSystem& files, const std::string& folder,
                                     admin::Progress& progress);

}  // namespace varve
