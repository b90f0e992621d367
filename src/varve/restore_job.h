// SPDX-License-Identifier: Apache-2.0
// A database or table of a backup, written into a running server under new ids.
#pragma once

#include <string>

#include "base/result.h"
#include "catalog/catalog.h"
#include "ingest/ingest.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"
#include "serve/admin/administration.h"
#include "store/store.h"

namespace varve {

/// All of it outlives the work.
struct RestoreParts {
  FileSystem& files;
  const Clock& clock;
  Random& random;
  Catalog& catalog;
  Store& store;
  StoreAdmin& store_admin;
  Ingest& ingest;
  const std::string& data_directory;
};

/// Reads the backup in place. Without `merges` what is made must not exist (kAlreadyExists), and
/// after an error, also one of the server's, it does not exist. With it rows of one series and time
/// merge as if they were written now, and after an error some of them are there: asking again
/// completes them.
Result<admin::Outcome> restore_part(const RestoreParts& parts, const admin::RestoreQuestion& asked,
                                    admin::Progress& progress);

}  // namespace varve
