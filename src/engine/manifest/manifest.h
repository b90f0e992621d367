// SPDX-License-Identifier: Apache-2.0
// The only truth about which SSTs exist: an append-only log of edits, rewritten as a snapshot from
// time to time.
//
//   <folder>/CURRENT          names the log in force, replaced atomically
//   <folder>/MANIFEST-000007  header, then records: the first is a snapshot, the others edits
//
// Threads: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/manifest/manifest_edit.h"
#include "io/file_system.h"

namespace varve::engine {

/// What a log's bytes hold. Pure; for recovery, tools and fuzzing.
struct ManifestLog {
  std::vector<ManifestEdit> edits;
  /// Bytes up to the end of the last good record.
  uint64_t good_bytes = 0;
  /// True when bytes follow that are no record: a torn tail.
  bool has_torn_tail = false;
  /// Places of damaged records that good ones follow.
  std::vector<uint64_t> damaged_offsets;
};
/// kCorrupt when the header is none, kUnsupported when it is of a newer format.
Result<ManifestLog> read_manifest_log(std::string_view bytes);

class Manifest {
 public:
  /// Makes an empty one when the folder has none. A torn tail is cut and reported; damage in the
  /// middle is reported with file and offset and skipped, and is_damaged() says so: the caller then
  /// looks at the SSTs themselves for what the lost edits said.
  static Result<std::unique_ptr<Manifest>> open(FileSystem& files, std::string folder);

  const ManifestState& state() const { return state_; }
  bool is_damaged() const { return !damage_.empty(); }
  /// Sentences for a person, with file and offset.
  const std::vector<std::string>& damage() const { return damage_; }

  /// Durable when it returns; after an error the state is as before.
  Result<void> apply(const ManifestEdit& edit);
  /// A new file number; durable with the next edit.
  uint64_t take_file_number() { return next_file_number_++; }

 private:
  Manifest(FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}
  Result<void> load();
  Result<std::string> find_log();
  Result<void> read_log(const std::string& name);
  Result<void> start_new_log(const ManifestState& state);

  static constexpr uint64_t kLogBytesMax = 4 << 20;

  FileSystem& files_;  // Outlives it.
  std::string folder_;
  ManifestState state_;
  uint64_t next_file_number_ = 1;
  std::vector<std::string> damage_;
  bool has_current_ = false;
  std::unique_ptr<File> log_;  // Null: the next edit starts a new log.
  std::string log_name_;
  uint64_t log_number_ = 0;
  uint64_t log_bytes_ = 0;
};

}  // namespace varve::engine
