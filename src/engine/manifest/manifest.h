// SPDX-License-Identifier: Apache-2.0
// The only truth about which sorted files exist: a file of edits, and a pointer to it.
//
//   CURRENT ──▶ MANIFEST-<number>: snapshot, edit, edit, …
//
// Each opening and each file that grew too long begins a new file with a snapshot; CURRENT is then
// replaced atomically. docs/formats/manifest.md describes the bytes.
// Threads: one at a time, but take_sst_id() is safe anywhere.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/manifest/manifest_state.h"
#include "io/file_system.h"

namespace varve::engine {

class Manifest {
 public:
  /// Reads what stands in the folder (nothing in a new one). `files` outlives it. Damage is logged
  /// and listed in damage(); the damaged file is then kept beside the new one as *.damaged. Call
  /// commit() before anything else: it writes the new file.
  static Result<std::unique_ptr<Manifest>> open(FileSystem& files, std::string folder);

  const ManifestState& state() const { return state_; }
  const std::vector<std::string>& damage() const { return damage_; }
  /// True when damage took edits along, so that state() may lack files and deletes.
  bool edits_lost() const { return edits_lost_; }
  /// True when the file ended within a record. Mostly that edit was never promised; damage to the
  /// last record and its copy looks the same.
  bool is_torn() const { return is_torn_; }
  /// A number for a new file.
  SstId take_sst_id() { return SstId{sst_id_next_.fetch_add(1)}; }
  /// Leaves numbers out.
  void skip_sst_ids(uint64_t count) { sst_id_next_.fetch_add(count); }
  /// Gives out higher ones only.
  void leave_sst_ids_up_to(SstId id) {
    sst_id_next_ = std::max(sst_id_next_.load(), raw(id) + 1);
  }

  /// As if the edit had been read. Right after open(): the next commit() makes it durable.
  void put_back(const ManifestEdit& edit);

  /// Makes the edit durable, then applies it. After an error it may or may not be found after a
  /// restart; the next commit() begins a new file, which settles it: not.
  Result<void> commit(const ManifestEdit& edit);

 private:
  Manifest(FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}
  Result<void> read();
  Result<std::string> find_file(const std::vector<std::string>& names);
  Result<void> begin_file(std::string_view edit_record);
  void remove_other_files();

  // A file that grew beyond it, and to twice its snapshot, is begun anew.
  static constexpr uint64_t kFileBytesMax = 4ull << 20;

  FileSystem& files_;
  const std::string folder_;
  ManifestState state_;
  std::vector<std::string> damage_;
  bool edits_lost_ = false;
  bool is_torn_ = false;
  std::string damaged_file_;    // Kept when the new file is there.
  std::unique_ptr<File> file_;  // Null: the next commit begins a new one.
  uint64_t number_ = 0;
  uint64_t size_bytes_ = 0;
  uint64_t snapshot_bytes_ = 0;
  std::atomic<uint64_t> sst_id_next_{1};
};

}  // namespace varve::engine
