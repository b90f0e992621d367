// SPDX-License-Identifier: Apache-2.0
// The series snapshots of a shard: one file for each table with many series, `<table>.series`.
//
// A snapshot covers the sorted files that it names. A segment of which a named file is gone
// (merged, rewritten by a delete, dropped) is read from its directories instead. So a snapshot is
// never wrong, only of less use; one that is damaged or missing is of none.
// Threads: one at a time.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/options.h"
#include "engine/shard/table.h"
#include "io/file_system.h"

namespace varve::engine {

class SeriesSnapshots {
 public:
  /// The references outlive the object.
  SeriesSnapshots(FileSystem& files, std::string folder, const EngineOptions& options)
      : files_(files), folder_(std::move(folder)), options_(options) {}

  /// While opening, before the table has anything: gives it the series of its snapshot, if that is
  /// of use. `files`: those that the manifest has for the table. Returns the files that need not be
  /// asked for their series.
  std::set<SstId> load(Table& table, uint64_t seed, const std::vector<SstMeta>& files);
  /// Removes the snapshots of other tables.
  void keep_only(const std::vector<TableId>& tables);

  enum class When : uint8_t { kAfterFlush, kAtClose };
  /// Writes a snapshot when that saves a later start more than it costs now. Every settled series
  /// of the table has its rows in files. An error is logged: the next start does without.
  void write_if_it_pays(const Table& table, When when);
  void remove(TableId table);

 private:
  std::string path(TableId table) const;
  Result<LoadedSnapshot> read(const Table& table, uint64_t seed,
                              const std::vector<SstMeta>& files) const;
  Result<void> write(const Table& table, const std::vector<SnapshotSegment>& segments);

  FileSystem& files_;
  const std::string folder_;
  const EngineOptions& options_;
  std::map<TableId, std::set<SstId>> covered_;
};

}  // namespace varve::engine
