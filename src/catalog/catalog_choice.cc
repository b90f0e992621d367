// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog_choice.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace varve {
namespace {

using Changes = std::vector<CatalogChange>;

// The generation that the changes lead to from a base; nothing when one of them is missing.
std::optional<uint64_t> last_from(uint64_t base, const Changes& changes) {
  uint64_t last = base;
  for (const CatalogChange& change : changes) {
    if (change.generation <= base) continue;
    if (change.generation != last + 1) return std::nullopt;
    last = change.generation;
  }
  return last;
}

void apply_above(uint64_t base, const Changes& changes, CatalogEntries& entries) {
  for (const CatalogChange& change : changes) {
    if (change.generation > base) apply(change, entries);
  }
}

// Everything that either says, the newer over the older.
CatalogEntries united(const CatalogLogContent& log, const StoredDatabase& database) {
  CatalogEntries entries = log.snapshot;
  for (const CatalogChange& change : log.changes) {
    if (change.generation <= database.generation) apply(change, entries);
  }
  for (const auto& [key, value] : database.entries) entries.insert_or_assign(key, value);
  apply_above(database.generation, log.changes, entries);
  return entries;
}

}  // namespace

CatalogChoice choose_catalog(const std::optional<CatalogLogContent>& log_found,
                             const std::optional<StoredDatabase>& database_found) {
  CHECK(log_found || database_found);
  const CatalogLogContent log = log_found.value_or(CatalogLogContent{});
  const StoredDatabase database = database_found.value_or(StoredDatabase{.is_sound = false});
  const uint64_t log_last =
      log.changes.empty() ? log.snapshot_generation : log.changes.back().generation;
  const uint64_t highest = std::max(log_last, database.generation);
  const auto from_snapshot = log.is_snapshot_whole
                                 ? last_from(log.snapshot_generation, log.changes)
                                 : std::nullopt;
  const auto from_database =
      database.is_sound ? last_from(database.generation, log.changes) : std::nullopt;
  const bool log_reaches = from_snapshot == highest;
  const bool database_reaches = from_database == highest;

  CatalogChoice choice{.entries = {}, .generation = highest};
  // Of an earlier version, which knew of no log.
  const bool is_unlogged =
      database.is_sound && (database.is_changed_by_others ||
                            (database.has_unchecked && database.generation == highest));
  // Then the engine has dropped and begun tables as that version said.
  const bool is_lost_with_it = database.is_changed_by_others && !database.is_sound;
  // What the end of the log said may be gone, and nothing else tells.
  const bool is_end_lost = log.is_torn && !database.is_sound;
  CatalogEntries logged;
  if (log_reaches) {
    logged = log.snapshot;
    apply_above(log.snapshot_generation, log.changes, logged);
  }
  if (is_unlogged) {
    choice.entries = database.entries;
    choice.is_unchecked = true;
    choice.log_is_overtaken = log_found && (!log_reaches || logged != choice.entries);
    // So that the log is the older one, should it not be written now.
    if (choice.log_is_overtaken) choice.generation = highest + 1;
  } else if (log_reaches && !is_lost_with_it && !is_end_lost) {
    choice.entries = std::move(logged);
  } else if (database_reaches) {
    choice.entries = database.entries;
    apply_above(database.generation, log.changes, choice.entries);
    choice.is_unchecked = database.has_unchecked;
    choice.log_is_wrong = log_found && (!log_reaches || logged != choice.entries);
  } else {
    choice.entries = united(log, database);
    choice.is_lossy = true;
    choice.log_is_wrong = log_found.has_value();
    // Above everything that was ever given.
    choice.generation = highest + 1;
  }
  choice.database_differs = !database_found || database.generation != choice.generation ||
                            database.entries != choice.entries;
  // Before a log was begun, the database was synced.
  const bool is_behind = database.generation < choice.generation &&
                         (!log.is_snapshot_whole || database.generation >= log.snapshot_generation);
  choice.database_is_wrong = !database_found || !database.is_sound ||
                             (choice.database_differs && !is_behind && !is_unlogged);
  return choice;
}

}  // namespace varve
