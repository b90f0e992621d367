// SPDX-License-Identifier: Apache-2.0
// The series snapshots of a shard: one file for each table with many series, `<table>.series`, and
// one that the other tables share, `shared.series`: ten thousand tables need not have a file opened
// each.
//
// A snapshot covers the sorted files that it names. A segment of which a named file is gone
// (merged, rewritten by a delete, dropped) is read from its directories instead. So a snapshot is
// never wrong, only of less use; one that is damaged or missing is of none.
// Threads: one at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
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

  static std::string path(const std::string& folder, TableId table);
  static std::string shared_path(const std::string& folder);

  /// While opening, before load(): reads the snapshot that tables share. `files`: all that the
  /// manifest has.
  void load_shared(uint64_t seed, const std::map<SstId, SstMeta>& files);
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
  /// The same for the snapshot that the tables with few series share.
  void write_shared_if_it_pays(const std::vector<std::shared_ptr<Table>>& tables, When when);
  void remove(TableId table);

 private:
  // The segments of a table that have files, and what a start reads without a snapshot of them.
  struct Content {
    std::vector<SnapshotSegment> segments;  // Without their series, at first.
    uint64_t files_left = 0;
    uint64_t entries_left = 0;
  };
  std::string path(TableId table) const { return path(folder_, table); }
  Content content_of(TableId table, const TableView& view) const;
  static void add_series(const TableView& view, std::vector<SnapshotSegment>& segments);
  void cover(TableId table, const std::vector<SnapshotSegment>& segments);
  Result<LoadedSnapshot> read(const Table& table, uint64_t seed,
                              const std::vector<SstMeta>& files) const;
  Result<void> replace(const std::string& path, const std::function<Result<void>(File&)>& write);

  FileSystem& files_;
  const std::string folder_;
  const EngineOptions& options_;
  std::map<TableId, std::set<SstId>> covered_;
  struct Shared {
    MergeMode mode{};
    LoadedSnapshot snapshot;
  };
  std::map<TableId, Shared> shared_;  // While opening: those that no table took yet.
};

}  // namespace varve::engine
