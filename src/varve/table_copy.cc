// SPDX-License-Identifier: Apache-2.0
#include "varve/table_copy.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <optional>
#include <thread>

#include "base/check.h"

namespace varve {
namespace {

constexpr size_t kBatchRowsMax = 16'384;
constexpr size_t kBatchBytesMax = 4u << 20;
// Of all batches that are being filled.
constexpr size_t kOpenBytesMax = 32u << 20;
constexpr auto kOverloadPause = std::chrono::milliseconds(100);

Result<void> write_and_wait(Store& store, WriteBatch batch) {
  std::promise<Result<void>> promise;
  auto outcome = promise.get_future();
  WriteRequest request;
  request.batches.push_back(std::move(batch));
  store.write(std::move(request), [&promise](Result<void> done) { promise.set_value(done); });
  return outcome.get();
}

// Rows of one segment of the target, until there are enough of them.
class OpenBatch {
 public:
  OpenBatch(const Table& table, const Segment& segment, const std::vector<Column>& columns) {
    batch_.table = table.id;
    batch_.mode = table.mode;
    batch_.segment = segment.id;
    batch_.segment_range = segment.range;
    for (const Column& column : columns) {
      batch_.columns.push_back({.id = column.id, .values = ColumnVector(column.type)});
    }
  }

  const TimeRange& range() const { return batch_.segment_range; }
  size_t row_count() const { return batch_.row_count(); }
  size_t size_bytes() const { return size_bytes_; }

  // `hash` names `key` among the series of the source.
  void append(const KeyHash& hash, const std::string& key, const ScanBatch& rows, size_t begin,
              size_t end) {
    const auto [place, is_new] = series_.try_emplace(hash, batch_.series.size());
    if (is_new) {
      batch_.series.push_back({.hash = series_key_hash(key),
                               .key_offset = static_cast<uint32_t>(batch_.key_bytes.size()),
                               .key_size_bytes = static_cast<uint32_t>(key.size())});
      batch_.key_bytes += key;
    }
    batch_.row_series.insert(batch_.row_series.end(), end - begin, place->second);
    batch_.times_ns.insert(batch_.times_ns.end(), rows.times_ns.begin() + begin,
                           rows.times_ns.begin() + end);
    size_t columns_bytes = 0;
    for (size_t i = 0; i < batch_.columns.size(); ++i) {
      batch_.columns[i].values.append_view(rows.columns[i].slice(begin, end));
      columns_bytes += batch_.columns[i].values.size_bytes();
    }
    size_bytes_ = columns_bytes + batch_.key_bytes.size() + batch_.row_count() * 12;
  }

  WriteBatch take() {
    // A column that says nothing about any row is not written.
    std::erase_if(batch_.columns, [](const BatchColumn& column) {
      const ColumnView view = column.values.view();
      for (size_t row = 0; row < view.row_count; ++row) {
        if (view.state(row) != CellState::kAbsent) return false;
      }
      return true;
    });
    return std::move(batch_);
  }

 private:
  WriteBatch batch_;
  std::unordered_map<KeyHash, uint32_t> series_;
  size_t size_bytes_ = 0;
};

class TableCopy {
 public:
  TableCopy(const CopySource& source, const CopyTarget& target, const OnRows& on_rows)
      : source_(source), target_(target), on_rows_(on_rows) {}

  Result<uint64_t> run() {
    for (const Column& column : source_.table->columns) {
      const Column* same = column.kind == ColumnKind::kTag
                               ? target_.table->tag(column.name)
                               : target_.table->field(column.name, column.type);
      CHECK(same != nullptr);
      same_[column.id] = *same;
    }
    for (const Segment& segment : source_.policy->segments) TRY_VOID(copy_segment(segment.range));
    return rows_;
  }

 private:
  Result<void> copy_segment(const TimeRange& range) {
    ScanSpec spec{.table = source_.table->id, .range = range};
    columns_.clear();
    for (const ColumnId id : TRY(source_.store.list_columns(source_.table->id, range))) {
      const Column* column = source_.table->column(id);
      // A column that the catalog does not know was never acknowledged.
      if (column == nullptr || column->kind != ColumnKind::kField) continue;
      spec.columns.push_back({.id = id, .type = column->type});
      columns_.push_back(same_.at(id));
    }
    if (columns_.empty()) return {};
    const auto stream = TRY(source_.store.scan(spec, nullptr));
    while (true) {
      const ScanBatch rows = TRY(stream->next());
      if (rows.row_count() == 0) break;
      for (const SeriesRun& run : rows.runs) TRY_VOID(take_run(rows, run));
    }
    return write_all();
  }

  Result<void> take_run(const ScanBatch& rows, const SeriesRun& run) {
    const std::string key = TRY(translate_key(run.series.key));
    for (size_t begin = run.begin; begin < run.end;) {
      OpenBatch& batch = TRY(batch_at(rows.times_ns[begin])).get();
      const size_t room = begin + kBatchRowsMax - std::min(kBatchRowsMax, batch.row_count());
      size_t end = begin;
      while (end < run.end && end < room && batch.range().contains(rows.times_ns[end])) ++end;
      batch.append(run.series.hash, key, rows, begin, end);
      begin = end;
      if (batch.row_count() >= kBatchRowsMax || batch.size_bytes() > kBatchBytesMax) {
        TRY_VOID(write(batch.range().begin_ns));
      }
    }
    size_t open_bytes = 0;
    for (const auto& [begin_ns, batch] : open_) open_bytes += batch.size_bytes();
    return open_bytes > kOpenBytesMax ? write_all() : Result<void>();
  }

  // The tags under the ids of the target.
  Result<std::string> translate_key(std::string_view key) {
    auto cells = TRY(decode_series_key(key));
    for (KeyCell& cell : cells) {
      const auto same = same_.find(cell.column);
      if (same == same_.end()) {
        return fail(ErrorCode::kCorrupt, "a series of the backup has a tag that its catalog does "
                                         "not know: table " + source_.table->name);
      }
      cell.column = same->second.id;
    }
    std::ranges::sort(cells, {}, &KeyCell::column);
    return encode_series_key(cells);
  }

  Result<std::reference_wrapper<OpenBatch>> batch_at(int64_t time_ns) {
    auto after = open_.upper_bound(time_ns);
    if (after != open_.begin()) {
      OpenBatch& before = std::prev(after)->second;
      if (before.range().contains(time_ns)) return std::ref(before);
    }
    const Segment segment = TRY(target_.catalog.ensure_segment(target_.policy, time_ns));
    const auto place =
        open_.try_emplace(segment.range.begin_ns, *target_.table, segment, columns_).first;
    return std::ref(place->second);
  }

  Result<void> write(int64_t begin_ns) {
    auto open = open_.extract(begin_ns);
    WriteBatch batch = open.mapped().take();
    const size_t rows = batch.row_count();
    // Kept, since a refused request is gone.
    std::string encoded;
    encode_write_batch(batch, encoded);
    auto written = write_and_wait(target_.store, std::move(batch));
    while (!written && written.error().code == ErrorCode::kOverloaded) {
      TRY_VOID(on_rows_(rows_));
      std::this_thread::sleep_for(kOverloadPause);
      written = write_and_wait(target_.store, TRY(decode_write_batch(encoded)));
    }
    TRY_VOID(written);
    rows_ += rows;
    return on_rows_(rows_);
  }

  Result<void> write_all() {
    while (!open_.empty()) TRY_VOID(write(open_.begin()->first));
    return {};
  }

  const CopySource& source_;
  const CopyTarget& target_;
  const OnRows& on_rows_;
  std::map<ColumnId, Column> same_;     // By id of the source: the column of the target.
  std::vector<Column> columns_;         // Of the target, in the order of the scan.
  std::map<int64_t, OpenBatch> open_;   // By the begin of their segment.
  uint64_t rows_ = 0;
};

}  // namespace

Result<uint64_t> copy_table(const CopySource& source, const CopyTarget& target,
                            const OnRows& on_rows) {
  return TableCopy(source, target, on_rows).run();
}

}  // namespace varve
