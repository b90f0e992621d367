// SPDX-License-Identifier: Apache-2.0
// A Store for the tests of this room: merges rows as the engine does, and compares batches with
// their contract when they come in.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "model/series_key.h"
#include "store/store.h"

namespace varve {

class FakeStore final : public Store {
 public:
  /// (table, canonical key, time) and column: value, as text.
  using Cell = std::tuple<uint32_t, std::string, int64_t, uint32_t>;
  using Cells = std::map<Cell, std::string>;

  void write(WriteRequest request, WriteDone done) override {
    {
      const MutexLock lock(mutex_);
      ++write_count_;
      if (error_) {
        done(fail(*error_));
        return;
      }
      for (const auto& batch : request.batches) take(batch);
    }
    done({});
  }
  Result<std::unique_ptr<BatchStream>> scan(const ScanSpec&, CancelFlag) override {
    return fail(ErrorCode::kUnsupported, "scan");
  }
  /// Of a table, whatever else is asked for.
  Result<SeriesList> list_series(const SeriesSpec& spec) override {
    const MutexLock lock(mutex_);
    ++list_count_;
    auto keys = std::make_shared<std::set<std::string>>();
    for (const auto& [cell, value] : cells_) {
      if (std::get<0>(cell) == raw(spec.table)) keys->insert(std::get<1>(cell));
    }
    SeriesList list;
    for (const auto& key : *keys) list.series.push_back({series_key_hash(key), key});
    list.pin = std::move(keys);
    return list;
  }
  Result<std::vector<ColumnId>> list_columns(TableId table, TimeRange range) override {
    const MutexLock lock(mutex_);
    std::set<ColumnId> found;
    for (const auto& [place, columns] : columns_) {
      if (place.first == raw(table) && columns.first.overlaps(range)) {
        found.insert(columns.second.begin(), columns.second.end());
      }
    }
    return std::vector<ColumnId>(found.begin(), found.end());
  }
  TableStats stats(TableId) override { return {}; }
  /// Whole tables only: what the tests of this room need.
  Result<void> remove(const DeleteSpec& spec) override {
    CHECK(spec.predicate.is_always_true());
    const MutexLock lock(mutex_);
    const uint32_t table = raw(spec.table);
    std::erase_if(cells_, [&](const auto& cell) { return std::get<0>(cell.first) == table; });
    std::erase_if(columns_, [&](const auto& entry) { return entry.first.first == table; });
    return {};
  }

  void fail_with(std::optional<Error> error) {
    const MutexLock lock(mutex_);
    error_ = std::move(error);
  }
  Cells cells() const {
    const MutexLock lock(mutex_);
    return cells_;
  }
  size_t write_count() const {
    const MutexLock lock(mutex_);
    return write_count_;
  }
  size_t list_count() const {
    const MutexLock lock(mutex_);
    return list_count_;
  }
  size_t batch_count() const {
    const MutexLock lock(mutex_);
    return batch_count_;
  }
  std::set<BatchId> batch_ids() const {
    const MutexLock lock(mutex_);
    return batch_ids_;
  }
  /// By (table, segment): the columns that hold cells.
  std::map<std::pair<uint32_t, uint32_t>, std::set<ColumnId>> columns() const {
    const MutexLock lock(mutex_);
    std::map<std::pair<uint32_t, uint32_t>, std::set<ColumnId>> found;
    for (const auto& [place, columns] : columns_) found.emplace(place, columns.second);
    return found;
  }

 private:
  static std::string text_of(const Value& value) {
    if (const auto* number = std::get_if<double>(&value)) return "f" + std::to_string(*number);
    if (const auto* number = std::get_if<int64_t>(&value)) return "i" + std::to_string(*number);
    if (const auto* number = std::get_if<uint64_t>(&value)) return "u" + std::to_string(*number);
    if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
    return "s" + std::get<std::string>(value);
  }

  void take(const WriteBatch& batch) REQUIRES(mutex_) {
    ++batch_count_;
    batch_ids_.insert(batch.id);
    CHECK(batch.row_count() > 0);
    CHECK(batch.row_series.size() == batch.row_count());
    std::set<KeyHash> hashes;
    for (const auto& series : batch.series) {
      CHECK(hashes.insert(series.hash).second);
      CHECK(series_key_hash(batch.key(series)) == series.hash);
    }
    std::set<ColumnId> ids;
    for (const auto& column : batch.columns) {
      CHECK(ids.insert(column.id).second);
      CHECK(column.values.row_count() == batch.row_count());
    }
    auto& present = columns_[{raw(batch.table), raw(batch.segment)}];
    present.first = batch.segment_range;
    for (size_t row = 0; row < batch.row_count(); ++row) {
      CHECK(batch.segment_range.contains(batch.times_ns[row]));
      const std::string key(batch.key(batch.series.at(batch.row_series[row])));
      for (const auto& column : batch.columns) {
        const auto view = column.values.view();
        if (!view.has_value(row)) continue;
        present.second.insert(column.id);
        cells_[{raw(batch.table), key, batch.times_ns[row], raw(column.id)}] =
            text_of(view.at(row));
      }
    }
  }

  mutable Mutex mutex_;
  std::optional<Error> error_ GUARDED_BY(mutex_);
  Cells cells_ GUARDED_BY(mutex_);
  std::map<std::pair<uint32_t, uint32_t>, std::pair<TimeRange, std::set<ColumnId>>> columns_
      GUARDED_BY(mutex_);
  std::set<BatchId> batch_ids_ GUARDED_BY(mutex_);
  size_t write_count_ GUARDED_BY(mutex_) = 0;
  size_t batch_count_ GUARDED_BY(mutex_) = 0;
  size_t list_count_ GUARDED_BY(mutex_) = 0;
};

}  // namespace varve
