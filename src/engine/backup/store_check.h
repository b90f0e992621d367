// SPDX-License-Identifier: Apache-2.0
// Reads everything that a store has on disk and says what is damaged. Changes nothing.
// Threads: one owner each.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/backup/file_copy.h"
#include "engine/backup/frozen_store.h"
#include "io/file_system.h"

namespace varve::engine {

/// Where findings go, and how far the check is. An error of either ends the check with it.
struct CheckReport {
  /// One sentence for a damaged place: file, offset, and what it means for the data.
  std::function<Result<void>(const std::string& sentence)> damage;
  OnBytes on_bytes;
  /// What people call a table; may be empty.
  std::function<std::string(TableId)> table_name;
};

struct CheckSummary {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t damaged = 0;  ///< Sentences that were given to the report.
};

/// Every column of every row group and every series of the files that the state names.
Result<void> check_sorted_files(FileSystem& files, const std::string& folder,
                                const ManifestState& state, const CheckReport& report,
                                CheckSummary& summary);

/// Every record of the manifest that is in force; gives the state it describes. While a server
/// writes to it, a torn tail is no damage: it never is.
Result<ManifestState> check_manifest(FileSystem& files, const std::string& folder,
                                     const CheckReport& report, CheckSummary& summary);

/// Every record of every WAL segment. `flushed`: rows up to there are in sorted files, if that is
/// known. At rest also that no segment is missing or cut short; `in_use`: a server writes there,
/// what looks damaged is looked at again, and segments may go away.
Result<void> check_wal(FileSystem& files, const std::string& folder, std::optional<Lsn> flushed,
                       bool in_use, const CheckReport& report, CheckSummary& summary);

/// Every series snapshot of the folder, of tables that have files in the state.
Result<void> check_series_snapshots(FileSystem& files, const std::string& folder,
                                    const ManifestState& state, const CheckReport& report,
                                    CheckSummary& summary);

/// The file that says how many shards there are, beside their folders.
Result<void> check_shards_file(FileSystem& files, const std::string& directory,
                               const CheckReport& report, CheckSummary& summary);

/// All of a store's folder that nobody has open.
Result<CheckSummary> check_store_at_rest(FileSystem& files, const std::string& directory,
                                         const CheckReport& report);
/// All of a store that runs. What merges and flushes change meanwhile is left alone.
Result<CheckSummary> check_running_store(FileSystem& files, const FrozenStore& store,
                                         const CheckReport& report);

}  // namespace varve::engine
