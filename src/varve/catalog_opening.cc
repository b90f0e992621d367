// SPDX-License-Identifier: Apache-2.0
#include "varve/catalog_opening.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "catalog/catalog_files.h"
#include "catalog/catalog_salvage.h"
#include "varve/catalog_recovery.h"

namespace varve {
namespace {

struct OpenedCatalog {
  std::unique_ptr<Catalog> catalog;
  std::vector<std::string> damage;
  /// What lost entries named could not be looked for, since the disk is full: the store keeps
  /// tables that no entry names, and the next start tries again.
  bool is_recovering = false;
  /// What the next ones get.
  uint32_t table_next = 1;
  uint32_t segment_next = 1;
};

void append(std::vector<std::string> sentences, std::vector<std::string>& damage) {
  std::ranges::move(sentences, std::back_inserter(damage));
}

// `lacks_entries`: although its files agree.
Result<OpenedCatalog> open_server_catalog(const CatalogPlace& place, const CatalogLimits& limits,
                                          bool lacks_entries) {
  // What every store writes first.
  const bool has_rows =
      TRY(place.data_files.exists(join_path(place.engine.directory, "SHARDS")));
  auto opened = TRY(open_catalog_files(place.local, place.catalog_path, has_rows));
  if (lacks_entries) {
    auto begun = begin_recovery(*opened.store);
    if (!begun && begun.error().code != ErrorCode::kNoSpace) return fail(begun.error());
    if (begun) append(std::move(*begun), opened.damage);
    opened.is_recovering = true;
  }
  if (opened.is_recovering) {
    auto found = recover_tables(place, *opened.store);
    if (!found && found.error().code != ErrorCode::kNoSpace) return fail(found.error());
    opened.is_recovering = !found;
    if (!found) {
      found = std::vector<std::string>{"tables without a name are looked for at the next start: " +
                                       found.error().message};
    }
    append(std::move(*found), opened.damage);
  }
  OpenedCatalog catalog{.damage = std::move(opened.damage),
                        .is_recovering = opened.is_recovering};
  {
    const auto reading = TRY(opened.store->begin());
    CatalogEntries counters;
    for (auto& [key, value] : TRY(reading->scan("next/"))) counters.emplace(key, std::move(value));
    catalog.table_next = next_id(counters, "table");
    catalog.segment_next = next_id(counters, "segment");
  }
  catalog.catalog = TRY(open_catalog(std::move(opened.store), limits));
  return catalog;
}

Result<OpenedData> open_store(const CatalogPlace& place, OpenedCatalog opened) {
  OpenedData data{.catalog = std::move(opened.catalog),
                  .labels = nullptr,
                  .store = nullptr,
                  .damage = std::move(opened.damage)};
  data.labels = std::make_unique<TableLabelIndex>(*data.catalog);
  engine::EngineOptions options = place.engine;
  options.keeps_unnamed_tables = opened.is_recovering;
  options.tables_given_below = TableId{opened.table_next};
  options.labels = [index = data.labels.get()](TableId table) { return index->find(table); };
  data.store = TRY(engine::LocalStore::open(std::move(options), place.data_files, place.clock,
                                            place.random, data.catalog->live_tables()));
  return data;
}

// Ids of columns are places in the list of their table, and none is ever removed.
bool names_columns(const CatalogSnapshot& picture, const engine::SeenIds& seen) {
  for (const auto& [name, database] : picture.databases) {
    for (const auto& policy : database->policies) {
      for (const auto& table : policy->tables()) {
        const auto column = seen.columns.find(table->id);
        if (column == seen.columns.end()) continue;
        if (raw(column->second) > table->columns.size()) return false;
      }
    }
  }
  return true;
}

}  // namespace

Result<OpenedData> open_server_data(const CatalogPlace& place, const CatalogLimits& limits) {
  auto opened = TRY(open_server_catalog(place, limits, false));
  const bool is_recovering = opened.is_recovering;
  const TableId tables_given_below{opened.table_next};
  const SegmentId segments_given_below{opened.segment_next};
  {
    auto data = TRY(open_store(place, std::move(opened)));
    const engine::SeenIds seen = data.store->take_ids_seen();
    const bool is_whole = seen.table < tables_given_below &&
                          seen.segment < segments_given_below &&
                          names_columns(*data.catalog->snapshot(), seen);
    if (is_whole || is_recovering) return data;
    log::error("catalog.lacks_entries", {{"file", place.catalog_path},
                                         {"table_seen", raw(seen.table)},
                                         {"segment_seen", raw(seen.segment)}});
  }
  return open_store(place, TRY(open_server_catalog(place, limits, true)));
}

}  // namespace varve
