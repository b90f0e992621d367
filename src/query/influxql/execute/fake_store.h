// SPDX-License-Identifier: Apache-2.0
// A Store for tests: rows in a map, every question answered by looking at all of them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace varve::influxql {

/// Threads: one owner.
class FakeStore final : public Store, public StoreAdmin {
 public:
  using Cells = std::map<ColumnId, Value>;

  /// Adds cells to a row; the last of two wins.
  void put(TableId table, const std::string& key, int64_t time_ns, const Cells& cells);
  /// Says that rows of the table at these times are of the segment.
  void put_segment(TableId table, SegmentId segment, TimeRange range);
  /// How wide segments are, for list_series and list_columns.
  void set_segment_ns(int64_t segment_ns) { segment_ns_ = segment_ns; }
  /// How many rows a batch holds at most, so that tests see several.
  void set_batch_rows(size_t batch_rows) { batch_rows_ = batch_rows; }
  /// The specs of all scans so far.
  const std::vector<ScanSpec>& scans() const { return scans_; }
  /// What was deleted so far.
  const std::vector<DeleteSpec>& removals() const { return removals_; }
  size_t table_count() const { return tables_.size(); }

  void write(WriteRequest request, WriteDone done) override;
  Result<std::unique_ptr<BatchStream>> scan(const ScanSpec& spec, CancelFlag cancel) override;
  Result<SeriesList> list_series(const SeriesSpec& spec) override;
  Result<std::vector<ColumnId>> list_columns(TableId table, TimeRange range) override;
  TableStats stats(TableId table) override;
  Result<void> remove(const DeleteSpec& spec) override;
  Result<void> flush() override { return {}; }
  Result<void> drop_tables(const std::vector<TableId>& tables) override;
  Result<void> drop_segments(const std::vector<SegmentId>& segments) override;

 private:
  /// By series key, then time.
  using Table = std::map<std::string, std::map<int64_t, Cells>>;
  bool is_in_segments(int64_t time_ns, TimeRange range) const;
  void remove_rows(TableId table, TimeRange range, const Predicate& predicate);

  std::map<TableId, Table> tables_;
  std::map<SegmentId, std::map<TableId, TimeRange>> segments_;
  int64_t segment_ns_ = int64_t{7} * 24 * 3600 * 1'000'000'000;
  size_t batch_rows_ = 3;
  std::vector<ScanSpec> scans_;
  std::vector<DeleteSpec> removals_;
};

}  // namespace varve::influxql
