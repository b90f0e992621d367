// SPDX-License-Identifier: Apache-2.0
// The narrow waist: everything above writes and reads through a Store, whatever it is made of
// (local disks, other nodes, someone else's database, or one of these stacked on another).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/column_vector.h"
#include "model/scan_spec.h"
#include "model/series_key.h"
#include "model/write_batch.h"

namespace varve {

/// The parts of one client request. The parts for one shard share one WAL record: after a crash all
/// of their rows are there, or none.
struct WriteRequest {
  std::vector<WriteBatch> batches;
};

/// Called once: when the rows are durable (as `wal.sync` says) and visible to every later scan, or
/// with why not (kOverloaded, kNoSpace, kIo, kCancelled). Runs on a thread of the store: do little.
using WriteDone = std::function<void(Result<void>)>;

/// Rows of one series inside a batch: [begin, end).
struct SeriesRun {
  SeriesRef series;
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// Some rows of an answer. Valid until the next call of BatchStream::next and while `pin` lives,
/// whichever is longer.
struct ScanBatch {
  /// With ScanOrder::kSeriesTime: runs in order, covering all rows. With kTime: empty.
  std::vector<SeriesRun> runs;
  /// With kTime: series[row_series[i]] is the series of row i. With kSeriesTime: empty.
  std::vector<SeriesRef> series;
  std::vector<uint32_t> row_series;
  std::span<const int64_t> times_ns;
  /// One for each ScanSpec::columns, in its order.
  std::vector<ColumnView> columns;
  std::shared_ptr<const void> pin;

  size_t row_count() const { return times_ns.size(); }
};

/// Rows pulled on demand. Dropping it cancels the scan and frees what it holds.
/// Threads: one at a time.
class BatchStream {
 public:
  virtual ~BatchStream() = default;
  /// False in `is_aggregated`: the Store could not aggregate and gives rows.
  virtual bool is_aggregated() const { return false; }
  /// The next rows; an empty batch (no rows) at the end.
  virtual Result<ScanBatch> next() = 0;
};

/// Set from any thread to stop a scan: its next() then fails with kCancelled.
using CancelFlag = std::shared_ptr<std::atomic<bool>>;

/// Which series to list.
struct SeriesSpec {
  TableId table{};
  /// Series with a row in a segment that overlaps the range (whole segments, not exact times).
  TimeRange range;
  /// On tags only.
  Predicate predicate;
  /// Only these tags are asked for in SeriesRef::key; others may be there. Unset: all. Rising ids.
  std::optional<std::vector<ColumnId>> key_tags;
  /// No more are asked for, whichever they are; more may come. 0: all.
  uint64_t series_limit = 0;
  /// Set from any thread to end the listing with kCancelled; may be null.
  CancelFlag cancel = nullptr;
  /// Asked now and then what the list may take: with how many bytes it has, or is about to have.
  /// An error ends the listing with it. Null: everything is allowed.
  std::function<Result<void>(size_t bytes)> watch = nullptr;
};

/// Which rows to delete: those of a time inside the range that match. Conditions on fields are
/// judged on the row as it is when the delete is acknowledged.
struct DeleteSpec {
  TableId table{};
  TimeRange range;
  /// On tags and fields.
  Predicate predicate;
};

/// Series in order of KeyHash. The views live as long as `pin`.
struct SeriesList {
  std::vector<SeriesRef> series;
  std::shared_ptr<const void> pin;
};

/// Texts in no order. The views live as long as `pin`.
struct TextList {
  std::vector<std::string_view> texts;
  std::shared_ptr<const void> pin;
};

struct TableStats {
  uint64_t series_count = 0;
  uint64_t memtable_rows = 0;
  uint64_t memtable_bytes = 0;
  uint64_t sst_count = 0;
  uint64_t sst_rows = 0;
  uint64_t sst_bytes = 0;
};

/// Threads: every member is safe anywhere.
class Store {
 public:
  virtual ~Store() = default;

  /// Never blocks. `done` may be called before it returns.
  virtual void write(WriteRequest request, WriteDone done) = 0;

  /// What was acknowledged before the call is in the answer. An unknown table is an empty one.
  virtual Result<std::unique_ptr<BatchStream>> scan(const ScanSpec& spec, CancelFlag cancel) = 0;

  virtual Result<SeriesList> list_series(const SeriesSpec& spec) = 0;

  /// How many series list_series() would give without a limit.
  virtual Result<uint64_t> count_series(const SeriesSpec& spec);

  /// The values of one tag in the series that list_series() would give, each once. What the spec
  /// says of keys and of a limit counts for nothing.
  virtual Result<TextList> list_tag_values(const SeriesSpec& spec, ColumnId tag);

  /// Field columns that hold a cell in a segment overlapping the range (rising ids).
  virtual Result<std::vector<ColumnId>> list_columns(TableId table, TimeRange range) = 0;

  virtual TableStats stats(TableId table) = 0;

  /// Hides, durably and for good, every matching row that was acknowledged before the call; later
  /// rows are not touched. When it returns no scan sees them, and a series that has no row left is
  /// not listed. An unknown table is an empty one. Blocks on I/O. Errors as of a write, and
  /// kInvalidInput for a regular expression that does not compile.
  virtual Result<void> remove(const DeleteSpec& spec) = 0;
};

/// Administration, for the few who need it. Threads: safe anywhere; calls may block on I/O.
class StoreAdmin {
 public:
  virtual ~StoreAdmin() = default;
  /// Writes every memtable out. Returns when the SSTs are durable.
  virtual Result<void> flush() = 0;
  /// Forgets the tables and their rows at once and for good; unknown ones are fine.
  virtual Result<void> drop_tables(const std::vector<TableId>& tables) = 0;
  /// The same for whole segments, in every table that has rows there.
  virtual Result<void> drop_segments(const std::vector<SegmentId>& segments) = 0;
};

}  // namespace varve
