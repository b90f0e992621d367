// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/writer.h"

#include <algorithm>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "base/memory_governor.h"
#include "base/metrics.h"
#include "engine/shard/write_pace.h"
#include "engine/wal/wal_format.h"

namespace varve::engine {
namespace {

metrics::Counter& points_written =
    metrics::counter("varve_ingestion_points_total", "Field values acknowledged.");
metrics::Counter& rows_written =
    metrics::counter("varve_ingestion_rows_total", "Rows acknowledged.");
metrics::Gauge& wal_last_sequence =
    metrics::gauge("varve_wal_last_sequence", "Number of the newest record in the WAL.");
metrics::Gauge& memtable_bytes_held =
    metrics::gauge("varve_memtable_bytes", "Bytes of rows that are not in sorted files yet.");

// So many memtables of a table may wait for a flush because deletes stand between them.
constexpr size_t kCutMemtablesMax = 32;

// Memory for records that stays with the writer until the next flush.
constexpr size_t kBodiesKeptMax = 16u << 20;

uint64_t point_count(const WriteBatch& batch) { return batch.row_count() * batch.columns.size(); }

// Rows of a series without a key cannot be kept: nobody could ask for them.
WriteBatch without_lost_series(const WriteBatch& batch, std::span<const SeriesId> series) {
  WriteBatch known;
  known.table = batch.table;
  known.mode = batch.mode;
  known.segment = batch.segment;
  known.segment_range = batch.segment_range;
  known.version = batch.version;
  for (const BatchColumn& column : batch.columns) {
    known.columns.push_back({.id = column.id, .values = ColumnVector(column.values.type())});
  }
  for (size_t row = 0; row < batch.row_count(); ++row) {
    if (series[batch.row_series[row]] == Table::kNoSeries) continue;
    known.row_series.push_back(batch.row_series[row]);
    known.times_ns.push_back(batch.times_ns[row]);
    for (size_t c = 0; c < batch.columns.size(); ++c) {
      const ColumnView view = batch.columns[c].values.view();
      if (view.has_value(row)) {
        known.columns[c].values.append_value(view.at(row));
      } else {
        known.columns[c].values.pad_to(known.times_ns.size(), view.state(row));
      }
    }
  }
  return known;
}

}  // namespace

void Writer::start(std::unique_ptr<Log> log, Lsn lsn, Version version) {
  log_ = std::move(log);
  lsn_last_ = std::max(lsn_last_.load(), raw(lsn));
  version_last_ = std::max(version_last_, version);
}

Result<size_t> Writer::replay(Lsn lsn, std::vector<WriteBatch> batches) {
  lsn_last_ = std::max(lsn_last_.load(), raw(lsn));
  size_t lost_count = 0;
  for (WriteBatch& batch : batches) {
    const auto table = tables_.find_or_make(batch.table, batch.mode, seed_);
    if (!table) continue;
    version_last_ = std::max(version_last_, batch.version);
    std::vector<SeriesId> series = TRY(table->resolve(batch, true));
    if (const auto lost = std::ranges::count(series, Table::kNoSeries)) {
      log::error("wal.key_lost", {{"table", raw(batch.table)}, {"series", lost}});
      lost_count += static_cast<size_t>(lost);
      batch = without_lost_series(batch, series);
      if (batch.row_count() == 0) continue;
      // The lost ones have no rows any more; the id of another one will do in their place.
      std::ranges::replace(series, Table::kNoSeries, *std::ranges::min_element(series));
    }
    append(batch, *table, series);
  }
  return lost_count;
}

void Writer::append(const WriteBatch& batch, Table& table, std::span<const SeriesId> series) {
  const size_t grown = table.append(batch, series);
  memtable_bytes_.fetch_add(grown, std::memory_order_relaxed);
  memtable_bytes_held.add(static_cast<int64_t>(grown));
  if (options_.memory != nullptr) options_.memory->claim(MemoryGovernor::Use::kMemtables, grown);
  const int64_t now_ns = std::max<int64_t>(1, clock_.steady_ns());
  newest_row_ns_.store(now_ns, std::memory_order_relaxed);
  if (oldest_row_ns_.load(std::memory_order_relaxed) == 0) {
    oldest_row_ns_.store(now_ns, std::memory_order_relaxed);
  }
}

Result<Writer::Pending> Writer::prepare(WriteTask& task) {
  Pending pending{.task = &task, .tables = {}, .series = {}};
  if (memtables_are_full()) {
    if (const auto error = state_.flush_error()) {
      // Asking again soon helps only when the disk does not have to be cleared first.
      const bool no_space = error->code == ErrorCode::kNoSpace;
      return fail(no_space ? ErrorCode::kNoSpace : ErrorCode::kOverloaded,
                  "memtables are full and cannot be flushed: " + error->message);
    }
    return fail(ErrorCode::kOverloaded,
                "rows arrive faster than they are flushed; memtables hold " +
                    std::to_string(memtable_bytes()) + " bytes");
  }
  // What the memtables will take; claimed in earnest once it is known.
  if (ScopedMemory memory(options_.memory, MemoryGovernor::Use::kMemtables);
      !memory.set(task.size_bytes)) {
    return fail(ErrorCode::kOverloaded, "the server's memory limit is reached");
  }
  // One version for the whole request: hybrid logical time, which never goes back.
  const auto now = static_cast<uint64_t>(std::max<int64_t>(0, clock_.now_ns()));
  const Version version{.clock = std::max(now, version_last_.clock + 1), .node = options_.node};
  Version highest = version_last_;
  for (WriteBatch& batch : task.request.batches) {
    if (batch.version == Version{}) batch.version = version;
    if (batch.version < version_last_) {
      return fail(ErrorCode::kUnsupported,
                  "write batch is older than what the shard already holds");
    }
    highest = std::max(highest, batch.version);
    if (dropped_segments_.contains(batch.segment)) {
      return fail(ErrorCode::kNotFound,
                  "segment " + std::to_string(raw(batch.segment)) + " was dropped");
    }
    auto table = tables_.find_or_make(batch.table, batch.mode, seed_);
    if (!table) {
      return fail(ErrorCode::kNotFound,
                  "table " + std::to_string(raw(batch.table)) + " was dropped");
    }
    pending.series.push_back(TRY(table->resolve(batch, false)));
    pending.tables.push_back(std::move(table));
  }
  version_last_ = highest;
  return pending;
}

size_t Writer::encode_group(std::vector<Pending>& group) {
  size_t bytes = 0;
  // Kept from group to group: memory that is mapped already is cheaper than what is not.
  if (bodies_.size() < group.size()) bodies_.resize(group.size());
  for (size_t i = 0; i < group.size(); ++i) {
    auto& batches = group[i].task->request.batches;
    for (size_t b = 0; b < batches.size(); ++b) {
      group[i].tables[b]->put_keys(batches[b], group[i].series[b], log_->generation());
    }
    bodies_[i].clear();
    encode_wal_body(batches, bodies_[i]);
    bytes += wal_record_bytes(bodies_[i].size());
  }
  claim_bodies();
  return bytes;
}

// Rows that were let in must be logged: others wait.
void Writer::claim_bodies() {
  size_t bytes = 0;
  for (const std::string& body : bodies_) bytes += body.capacity();
  bodies_memory_.set_anyway(bytes);
}

Result<void> Writer::log_group(std::vector<Pending>& group) {
  if (log_->generation() == 0) TRY_VOID(log_->rotate(0));
  size_t bytes = encode_group(group);
  while (!log_->fits(bytes)) {
    // A new place repeats the keys, which can take more room than was measured.
    TRY_VOID(log_->rotate(bytes));
    bytes = encode_group(group);
  }
  const Lsn lsn_first{lsn_last_ + 1};
  lsn_last_ += group.size();
  const uint64_t generation = log_->generation();
  const auto bodies = std::span(bodies_).first(group.size());
  const auto appended = log_->append(bodies, lsn_first, options_.wal_sync == WalSync::kCommit);
  if (bytes > kBodiesKeptMax) {
    bodies_.clear();
    claim_bodies();
  }
  TRY_VOID(appended);
  for (size_t i = 0; i < group.size(); ++i) {
    const Lsn lsn{raw(lsn_first) + i};
    for (size_t b = 0; b < group[i].tables.size(); ++b) {
      group[i].tables[b]->keys_logged(group[i].series[b], generation, lsn);
    }
  }
  wal_last_sequence.set(static_cast<int64_t>(raw(lsn_last())));
  if (options_.wal_sync == WalSync::kInterval && unsynced_since_ns_ == 0) {
    unsynced_since_ns_ = std::max<int64_t>(1, clock_.steady_ns());
  }
  return {};
}

void Writer::commit(std::vector<WriteTask> tasks) {
  std::vector<Pending> group;
  for (WriteTask& task : tasks) {
    auto pending = prepare(task);
    if (pending) {
      group.push_back(std::move(*pending));
    } else {
      task.done(fail(std::move(pending).error()));
    }
  }
  if (group.empty()) return;
  const auto logged = log_group(group);
  if (!logged) {
    const auto code = logged.error().code;
    if (code == ErrorCode::kNoSpace || code == ErrorCode::kIo) {
      if (state_.reason().empty()) {
        log::error("shard.writes_refused", {{"error", logged.error().message}});
      }
      state_.refused(logged.error().message);
    }
    for (const Pending& pending : group) pending.task->done(logged);
    return;
  }
  if (!state_.reason().empty()) {
    state_.accepted();
    log::info("shard.writes_accepted");
  }
  const size_t used_before = memtable_bytes();
  for (const Pending& pending : group) {
    const auto& batches = pending.task->request.batches;
    for (size_t b = 0; b < batches.size(); ++b) {
      append(batches[b], *pending.tables[b], pending.series[b]);
      points_written.add(point_count(batches[b]));
      rows_written.add(batches[b].row_count());
    }
  }
  // Only now, so that one promise is not kept before the next request's rows are visible too.
  for (const Pending& pending : group) pending.task->done({});
  const size_t used = memtable_bytes();
  const auto rest =
      rest_after(used - std::min(used, used_before), used, options_.memtable_bytes_max);
  // A disk that refuses files will not take them for waiting.
  if (rest.count() > 0 && options_.automatic && !state_.flush_error()) {
    std::this_thread::sleep_for(rest);
  }
}

int64_t Writer::sync_if_due() {
  if (unsynced_since_ns_ == 0) return -1;
  const int64_t interval_ns = options_.wal_sync_interval_ms * 1'000'000;
  const int64_t waited_ns = clock_.steady_ns() - unsynced_since_ns_;
  if (waited_ns < interval_ns) return interval_ns - waited_ns;
  if (const auto synced = sync(); !synced) {
    log::error("wal.sync_failed", {{"error", synced.error().message}});
    state_.refused(synced.error().message);
  }
  return -1;
}

Result<void> Writer::sync() {
  unsynced_since_ns_ = 0;
  return log_->sync();
}

SealedMemtables Writer::seal() {
  SealedMemtables sealed{.memtables = {}, .lsn = lsn_last(), .version_highest = version_last_};
  for (const auto& table : tables_.all()) {
    auto memtables = table->seal();
    sealed.memtables.insert(sealed.memtables.end(), std::make_move_iterator(memtables.begin()),
                            std::make_move_iterator(memtables.end()));
  }
  bodies_ = {};
  claim_bodies();
  oldest_row_ns_.store(0, std::memory_order_relaxed);
  memtables_are_many_.store(false, std::memory_order_relaxed);
  return sealed;
}

DeleteLine Writer::begin_delete(Table& table, const TimeRange& range) {
  const auto now = static_cast<uint64_t>(std::max<int64_t>(0, clock_.now_ns()));
  version_last_ = {.clock = std::max(now, version_last_.clock + 1), .node = options_.node};
  if (table.begin_delete(version_last_, range) > kCutMemtablesMax) {
    memtables_are_many_.store(true, std::memory_order_relaxed);
  }
  return {.version = version_last_, .lsn = lsn_last()};
}

void Writer::drop_segments(const std::vector<SegmentId>& segments) {
  dropped_segments_.insert(segments.begin(), segments.end());
}

void Writer::memtables_flushed(size_t size_bytes) {
  memtable_bytes_.fetch_sub(size_bytes, std::memory_order_relaxed);
  memtable_bytes_held.add(-static_cast<int64_t>(size_bytes));
  if (options_.memory != nullptr) {
    options_.memory->release(MemoryGovernor::Use::kMemtables, size_bytes);
  }
}

}  // namespace varve::engine
