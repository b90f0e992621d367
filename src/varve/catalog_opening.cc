// SPDX-License-Identifier: Apache-2.0
#include "varve/catalog_opening.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "catalog/catalog_files.h"
#include "varve/catalog_recovery.h"

namespace varve {

Result<OpenedCatalog> open_server_catalog(const CatalogPlace& place, const CatalogLimits& limits) {
  // What every store writes first.
  const bool has_rows =
      TRY(place.data_files.exists(join_path(place.engine.directory, "SHARDS")));
  auto opened = TRY(open_catalog_files(place.local, place.catalog_path, has_rows));
  if (opened.is_recovering) {
    auto found = recover_tables(place, *opened.store);
    if (!found && found.error().code != ErrorCode::kNoSpace) return fail(found.error());
    opened.is_recovering = !found;
    if (!found) {
      found = std::vector<std::string>{"tables without a name are looked for at the next start: " +
                                       found.error().message};
    }
    std::ranges::move(*found, std::back_inserter(opened.damage));
  }
  return OpenedCatalog{.catalog = TRY(open_catalog(std::move(opened.store), limits)),
                       .damage = std::move(opened.damage),
                       .is_recovering = opened.is_recovering};
}

}  // namespace varve
