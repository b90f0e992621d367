// SPDX-License-Identifier: Apache-2.0
// What a store's manifests said at one moment, with the files they name kept in place.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/backup/held_files.h"
#include "engine/manifest/manifest_state.h"

namespace varve::engine {

struct FrozenShard {
  std::string folder;  ///< "shard-0", below the store's directory.
  ManifestState state;
  /// No file that `state` names goes away while this lives. It ends before the store.
  std::shared_ptr<HeldFiles::Hold> hold;
};

struct FrozenStore {
  std::string directory;
  std::vector<FrozenShard> shards;
};

/// "12.sst".
std::string sst_file_name(SstId id);

}  // namespace varve::engine
