// SPDX-License-Identifier: Apache-2.0
// A store's part of a backup: manifests that name what is there, and the files they name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/backup/backup_writer.h"
#include "engine/backup/frozen_store.h"

namespace varve::engine {

/// Whether a file belongs to a table and a segment that still exist. The catalog is copied after
/// the manifests are frozen: what was dropped in between is left out, since nothing could drop it
/// later.
using IsLive = std::function<bool(const SstMeta&)>;

/// Bytes of the files that would be added.
uint64_t live_bytes(const FrozenStore& store, const IsLive& is_live);

/// What of it is alive.
ManifestState live_state(ManifestState state, const IsLive& is_live);

/// A small file of a store's part of a backup.
struct StateFile {
  std::string path;  ///< In the data directory.
  std::string bytes;
};
/// Manifests that name what is alive, and what else opening the store needs.
std::vector<StateFile> state_files(const FrozenStore& store, const IsLive& is_live);

/// Adds everything below "engine" of a data directory: opening it needs no WAL.
Result<void> add_store(BackupWriter& backup, const FrozenStore& store, const IsLive& is_live,
                       const OnBytes& on_bytes);

}  // namespace varve::engine
