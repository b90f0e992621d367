// SPDX-License-Identifier: Apache-2.0
#include "engine/backup/store_backup.h"

#include <string>

#include "engine/manifest/manifest_records.h"

namespace varve::engine {
namespace {

constexpr std::string_view kManifestName = "MANIFEST-1";

std::string manifest_bytes(const ManifestState& state) {
  std::string edit;
  encode_manifest_edit(state.snapshot(), state.sst_id_next(), edit);
  std::string bytes;
  append_manifest_record(edit, bytes);
  return bytes;
}

}  // namespace

std::string sst_file_name(SstId id) { return std::to_string(raw(id)) + ".sst"; }

uint64_t live_bytes(const FrozenStore& store, const IsLive& is_live) {
  uint64_t bytes = 0;
  for (const FrozenShard& shard : store.shards) {
    for (const auto& [id, sst] : shard.state.ssts()) {
      if (is_live(sst)) bytes += sst.size_bytes;
    }
  }
  return bytes;
}

ManifestState live_state(ManifestState state, const IsLive& is_live) {
  ManifestEdit dead;
  for (const auto& [id, sst] : state.ssts()) {
    if (!is_live(sst)) dead.removed.push_back(id);
  }
  state.apply(dead);
  return state;
}

std::vector<StateFile> state_files(const FrozenStore& store, const IsLive& is_live) {
  std::vector<StateFile> files;
  for (const FrozenShard& shard : store.shards) {
    const std::string folder = "engine/" + shard.folder + "/";
    files.push_back({.path = folder + std::string(kManifestName),
                     .bytes = manifest_bytes(live_state(shard.state, is_live))});
    files.push_back({.path = folder + "CURRENT", .bytes = std::string(kManifestName) + "\n"});
  }
  files.push_back(
      {.path = "engine/SHARDS", .bytes = std::to_string(store.shards.size()) + "\n"});
  return files;
}

Result<void> add_store(BackupWriter& backup, const FrozenStore& store, const IsLive& is_live,
                       const OnBytes& on_bytes) {
  for (const FrozenShard& shard : store.shards) {
    const std::string folder = "engine/" + shard.folder + "/";
    const ManifestState state = live_state(shard.state, is_live);
    for (const auto& [id, sst] : state.ssts()) {
      const std::string name = sst_file_name(id);
      const std::string source = join_path(join_path(store.directory, shard.folder), name);
      TRY_VOID(backup.add_sorted_file(folder + name, source, on_bytes));
    }
  }
  for (const StateFile& file : state_files(store, is_live)) {
    TRY_VOID(backup.add_state_file(file.path, file.bytes));
  }
  return {};
}

}  // namespace varve::engine
