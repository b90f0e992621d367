// SPDX-License-Identifier: Apache-2.0
// A server's catalog, opened: damage mended, and what lost entries named found again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "engine/local_store.h"
#include "engine/options.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"
#include "varve/table_labels.h"

namespace varve {

struct CatalogPlace {
  FileSystem& local;       // Of the catalog itself.
  FileSystem& data_files;  // Of the engine; may be a bucket's.
  const Clock& clock;
  Random& random;
  std::string catalog_path;
  /// Without labels, which the catalog gives.
  const engine::EngineOptions& engine;
};

/// Each outlives what stands after it.
struct OpenedData {
  std::unique_ptr<Catalog> catalog;
  std::unique_ptr<TableLabelIndex> labels;
  std::unique_ptr<engine::LocalStore> store;
  /// What was found damaged of the catalog, one sentence each.
  std::vector<std::string> damage;
};

/// The catalog, and the store, which removes the rows of tables that were dropped: those whose ids
/// the catalog has given and that it names no more. A store that has seen ids that were never
/// given shows that the catalog lost its newest entries; those are recovered then. So they are when
/// the catalog's files say it; on a full disk at the next start, and the rows are kept until then.
Result<OpenedData> open_server_data(const CatalogPlace& place, const CatalogLimits& limits);

}  // namespace varve
