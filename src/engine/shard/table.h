// SPDX-License-Identifier: Apache-2.0
// One table of a shard: its series, and by segment the memtables and sorted files that hold rows.
//
// Threads: the writer appends and seals; the background thread replaces memtables by files and
// files by files; readers take views. A view is a consistent moment: it never has a row twice, nor
// misses one that was visible when it was taken.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "engine/deletes/delete_set.h"
#include "engine/memtable/memtable.h"
#include "engine/series_index/index_snapshot.h"
#include "engine/series_index/series_index.h"
#include "engine/shard/keys_in_log.h"
#include "engine/shard/sst_file.h"
#include "model/write_batch.h"

namespace varve::engine {

/// The series that have rows in a segment. Threads: safe anywhere; add() is for one writer.
class SeriesSet {
 public:
  void add(std::span<const SeriesId> ids);
  /// While opening.
  void add_all(const SeriesBits& series);
  /// Writer only. What was added up to now has its rows in sealed memtables and files.
  void settle();
  /// Adds the series of one part of the set to `words`.
  void add_part_to(size_t number, SeriesBits::Words& words) const;
  SeriesBits copy() const;
  /// Without what was added since settle().
  SeriesBits settled() const;

  /// Writer only. From now on it is remembered which series are added, also if they are here.
  void begin_removal();
  /// Writer only. Takes out the series, but for those added since begin_removal().
  void finish_removal(std::span<const SeriesId> ids);

 private:
  mutable Mutex mutex_;
  // The writer changes it with the lock held and reads it without; others lock to read.
  SeriesBits bits_;
  SeriesBits fresh_;  // Those that came since settle().
  // Writer only.
  bool removing_ = false;
  SeriesBits added_;  // Since the removal began.
};

/// What holds rows of one segment: files in rising order of version, then memtables, oldest first.
struct SegmentView {
  SegmentId id{};
  TimeRange range;
  std::vector<std::shared_ptr<SstFile>> files;
  std::vector<std::shared_ptr<const Memtable>> memtables;
  std::shared_ptr<const SeriesSet> series;
};

struct TableView {
  std::vector<SegmentView> segments;  ///< By rising time.
  /// What hides rows of the segments; never null.
  std::shared_ptr<const DeleteSet> deletes;
};

using SeriesBySegment = std::map<SegmentId, std::vector<SeriesId>>;

class Table {
 public:
  Table(TableId id, MergeMode mode, uint64_t seed)
      : id_(id), mode_(mode), index_(std::make_unique<SeriesIndex>(seed)) {}

  TableId id() const { return id_; }
  MergeMode mode() const { return mode_; }
  const SeriesIndex& index() const { return *index_; }

  /// Writer only. Finds or makes the series of a batch, in its order. Errors: kConflict for a
  /// colliding key or a column that has another type, kInvalidInput for a batch that contradicts
  /// itself or the table. `is_replayed`: the log took it once; a series whose key is lost gets
  /// kNoSeries instead of an error.
  Result<std::vector<SeriesId>> resolve(const WriteBatch& batch, bool is_replayed);
  static constexpr SeriesId kNoSeries{UINT32_MAX};
  /// Writer only. Puts the keys that the log's `generation` does not have twice yet into the batch,
  /// and takes out those that it has.
  void put_keys(WriteBatch& batch, std::span<const SeriesId> ids, uint64_t generation);
  /// Writer only. Record `lsn` of the log's `generation` now has what put_keys() put in.
  void keys_logged(std::span<const SeriesId> ids, uint64_t generation, Lsn lsn);
  /// Writer only. Adds the rows to the segment's active memtable; gives the bytes by which it grew.
  size_t append(const WriteBatch& batch, std::span<const SeriesId> ids);
  /// Writer only. Seals the active memtables; gives them out, oldest first, and those that deletes
  /// sealed since the last call.
  std::vector<std::shared_ptr<const Memtable>> seal();

  /// Writer only. Draws the line that a delete of the range needs: every row so far is older. Gives
  /// the number of memtables that deletes have sealed and nobody flushed yet.
  size_t begin_delete(Version version, const TimeRange& range);
  /// Adds a delete, for whom the line was drawn, and forgets others.
  void add_delete(TableDelete added, std::span<const Version> forgotten);
  void forget_deletes(std::span<const Version> forgotten);
  /// While opening, before rows are replayed. By rising version.
  void set_deletes(std::vector<TableDelete> deletes);
  /// Writer only. After a delete or while opening: takes series out of a segment that have no rows
  /// there, but for those that got some since the line was drawn.
  void finish_delete(const SeriesBySegment& without_rows);
  /// Forgets a segment: its files, memtables and series. Gives the bytes of its memtables.
  size_t drop_segment(SegmentId segment);
  /// Set when the table is dropped: whoever works on it may stop.
  bool dropped() const { return dropped_.load(std::memory_order_relaxed); }
  void set_dropped() { dropped_.store(true, std::memory_order_relaxed); }

  /// Takes `memtables` and `files` out of the segment and puts `added` (may be null) in.
  void replace(SegmentId segment, const std::vector<std::shared_ptr<const Memtable>>& memtables,
               const std::vector<std::shared_ptr<SstFile>>& files,
               std::shared_ptr<SstFile> added);
  /// While opening, before anything else: an index that was made before, and the series of the
  /// segments.
  void load_series(LoadedSnapshot snapshot);
  /// While opening: adds a file and the series of its directory.
  Result<void> add_file(std::shared_ptr<SstFile> file);
  /// The same for a file whose series came by load_series().
  void add_known_file(std::shared_ptr<SstFile> file);
  /// Writer only. Memtables were sealed: see SeriesSet::settle().
  void settle_series();

  std::shared_ptr<const TableView> view() const;
  size_t memtable_bytes() const;

 private:
  struct Segment {
    SegmentView view;
    std::shared_ptr<SeriesSet> series = std::make_shared<SeriesSet>();
  };
  struct Active {
    std::shared_ptr<Memtable> memtable;
    std::shared_ptr<SeriesSet> series;
  };
  void seal_for_delete(Active& active);
  Segment& segment_to_write(SegmentId id, const TimeRange& range) REQUIRES(mutex_);

  const TableId id_;
  const MergeMode mode_;
  std::unique_ptr<SeriesIndex> index_;  // Set once, while opening.

  // Writer only.
  std::map<SegmentId, Active> active_;
  std::vector<std::shared_ptr<const Memtable>> sealed_;  // By deletes; not given out yet.
  std::vector<Version> delete_versions_;                 // Lines between memtables, rising.
  std::map<ColumnId, ValueType> types_;
  KeysInLog logged_;

  mutable Mutex mutex_;
  std::map<SegmentId, Segment> segments_ GUARDED_BY(mutex_);
  std::shared_ptr<const DeleteSet> deletes_ GUARDED_BY(mutex_) = DeleteSet::none();
  mutable std::shared_ptr<const TableView> view_ GUARDED_BY(mutex_);  // Null: changed since.
  std::atomic<bool> dropped_{false};
};

/// The tables of a shard. Threads: safe anywhere.
class TableMap {
 public:
  /// Null when there is none.
  std::shared_ptr<Table> find(TableId id) const;
  /// Makes it when there is none; null when the table was dropped.
  std::shared_ptr<Table> find_or_make(TableId id, MergeMode mode, uint64_t seed);
  void drop(TableId id);
  std::vector<std::shared_ptr<Table>> all() const;

 private:
  mutable Mutex mutex_;
  std::unordered_map<TableId, std::shared_ptr<Table>> tables_ GUARDED_BY(mutex_);
  std::unordered_map<TableId, bool> dropped_ GUARDED_BY(mutex_);
};

}  // namespace varve::engine
