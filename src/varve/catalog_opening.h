// SPDX-License-Identifier: Apache-2.0
// A server's catalog, opened: damage mended, and what lost entries named found again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "engine/options.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"

namespace varve {

struct CatalogPlace {
  FileSystem& local;       // Of the catalog itself.
  FileSystem& data_files;  // Of the engine; may be a bucket's.
  const Clock& clock;
  Random& random;
  std::string catalog_path;
  /// As the store is opened later.
  const engine::EngineOptions& engine;
};

struct OpenedCatalog {
  std::unique_ptr<Catalog> catalog;
  /// What was found damaged, one sentence each.
  std::vector<std::string> damage;
  /// What lost entries named could not be looked for, since the disk is full: the store keeps
  /// tables that no entry names, and the next start tries again.
  bool is_recovering = false;
};

/// Before the store is opened: a store removes the rows of tables that it is not told of.
Result<OpenedCatalog> open_server_catalog(const CatalogPlace& place, const CatalogLimits& limits);

}  // namespace varve
