// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/shard.h"

#include <algorithm>
#include <future>

#include "base/log.h"
#include "base/memory_governor.h"

namespace varve::engine {
namespace {

// One write of the log and one sync carry at most about so much, and less when few bytes may wait:
// a group is in memory twice more while it is written.
constexpr size_t kGroupBytesMax = 8u << 20;
constexpr size_t kGroupShare = 8;
constexpr int64_t kRetryNs = 5'000'000'000;

}  // namespace

Shard::Shard(const ShardContext& context, std::string folder)
    : context_(context),
      folder_(std::move(folder)),
      wal_folder_(join_path(folder_, "wal")),
      seed_(context.random.next_u64()),
      held_files_([readers = &context.readers](const std::string& path) {
        readers->remove(path);
      }),
      queue_(context.options.queue_requests_max, context.options.queue_bytes_max),
      writer_(context_.options, context_.clock, tables_, seed_, write_state_),
      snapshots_(context_.files, folder_, context_.options),
      compaction_plan_(context_.options, context_.clock) {}

Result<std::unique_ptr<Shard>> Shard::open(const ShardContext& context, std::string folder,
                                           const std::vector<TableId>& live_tables) {
  std::unique_ptr<Shard> shard(new Shard(context, std::move(folder)));
  TRY_VOID(shard->recover(live_tables));
  shard->start();
  return shard;
}

Shard::~Shard() { stop(); }

void Shard::start() {
  writer_thread_ = Thread("varve-writer", [this] { run_writer(); });
  if (!context_.options.automatic) {
    background_.start("varve-background", nullptr);
    compaction_.start("varve-compact", nullptr);
    return;
  }
  background_.start("varve-background", [this] { return flush_if_due(); });
  compaction_.start("varve-compact", [this] { return compact_if_due(); });
}

// The merge first: it may wait for the background thread, which may wait for the writer.
void Shard::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  compaction_.stop();
  queue_.close();
  background_.stop();
  writer_thread_.join();
}

Result<void> Shard::close() {
  const Result<void> flushed = flush();
  Result<void> synced;
  const bool asked = on_writer([&] { synced = writer_.sync(); });
  // A start does without one, if need be.
  static_cast<void>(background_.run([this]() -> Result<void> {
    write_snapshots(SeriesSnapshots::When::kAtClose);
    return {};
  }));
  stop();
  if (!flushed) return flushed;
  return asked ? synced : Result<void>();
}

void Shard::write(WriteRequest request, WriteDone done) {
  WriteTask task{
      .request = std::move(request), .done = std::move(done), .size_bytes = 0, .run = {}};
  for (const WriteBatch& batch : task.request.batches) task.size_bytes += batch.size_bytes();
  switch (queue_.push(task)) {
    case WriteQueue::Push::kTaken: return;
    case WriteQueue::Push::kFull:
      task.done(fail(ErrorCode::kOverloaded, "too many writes wait for the disk"));
      return;
    case WriteQueue::Push::kClosed:
      task.done(fail(ErrorCode::kCancelled, "the store is closing"));
      return;
  }
}

void Shard::run_writer() {
  bool closed = false;
  int64_t wait_ns = -1;
  while (!closed) {
    commit_tasks(queue_.pop_all(wait_ns, closed));
    wait_ns = writer_.sync_if_due();
    if (context_.options.automatic && (flush_is_due() || memory_is_tight())) background_.wake();
  }
}

bool Shard::memory_is_tight() const {
  return context_.options.memory != nullptr && context_.options.memory->is_tight();
}

void Shard::commit_tasks(std::vector<WriteTask> tasks) {
  std::vector<WriteTask> group;
  size_t group_bytes = 0;
  const size_t bytes_max = std::min(kGroupBytesMax, context_.options.queue_bytes_max / kGroupShare);
  const auto commit = [&] {
    if (!group.empty()) writer_.commit(std::exchange(group, {}));
    group_bytes = 0;
  };
  for (WriteTask& task : tasks) {
    if (task.run) {
      commit();
      task.run();
      continue;
    }
    if (group_bytes + task.size_bytes > bytes_max) commit();
    group_bytes += task.size_bytes;
    group.push_back(std::move(task));
  }
  commit();
}

bool Shard::flush_is_due() const {
  const EngineOptions& options = context_.options;
  if (writer_.memtable_bytes() > options.memtable_bytes_max) return true;
  // Little files are the lesser evil, tiny ones would not help.
  if (memory_is_tight() && writer_.memtable_bytes() > options.memtable_bytes_max / 8) return true;
  if (writer_.memtables_are_many()) return true;
  // The current segment is never released, nor what a flush has not reached: waiting for less than
  // two segments, or with nothing new, would flush without end.
  const uint64_t wal_bytes_max = std::max(options.wal_bytes_max, 2 * options.wal_segment_bytes);
  if (writer_.wal_bytes() > wal_bytes_max && raw(writer_.lsn_last()) > lsn_flushed_) return true;
  if (is_idle() && writer_.memtable_bytes() >= options.memtable_idle_bytes_min) return true;
  const int64_t oldest_ns = writer_.oldest_row_ns();
  const int64_t age_ns = context_.clock.steady_ns() - oldest_ns;
  return oldest_ns != 0 && age_ns / 1'000'000 > options.memtable_age_max_ms;
}

bool Shard::is_idle() const {
  const int64_t idle_ns = context_.clock.steady_ns() - writer_.newest_row_ns();
  return idle_ns / 1'000'000 > context_.options.memtable_idle_max_ms;
}

// Nobody writes and every row is in a file: the log's space is better used by others.
void Shard::rest_if_idle() {
  const Lsn lsn = writer_.lsn_last();
  if (lsn == lsn_rested_ || raw(lsn) > lsn_flushed_ || !is_idle()) return;
  lsn_rested_ = lsn;
  static_cast<void>(on_writer([&] { writer_.log().rest(Lsn{lsn_flushed_.load()}); }));
}

bool Shard::flush_if_due() {
  // What is cached goes before writes are refused, even if nobody reads.
  context_.cache.shrink();
  const int64_t now_ns = context_.clock.steady_ns();
  const bool retry_later = flush_failed_ns_ != 0 && now_ns - flush_failed_ns_ < kRetryNs;
  // What failed is sealed already, so nothing else would ask for it again.
  if (retry_later) return false;
  if (flush_failed_ns_ == 0 && !flush_is_due()) {
    rest_if_idle();
    return false;
  }
  const auto flushed = flush_now();  // It logs and counts what went wrong.
  compaction_.wake();
  return flushed && *flushed;
}

// Runs the task on the writer thread and waits for it; false when that thread has ended.
bool Shard::on_writer(std::function<void()> task) {
  std::promise<void> promise;
  WriteTask wrapped;
  wrapped.run = [&] {
    task();
    promise.set_value();
  };
  if (queue_.push(wrapped) != WriteQueue::Push::kTaken) return false;
  promise.get_future().wait();
  return true;
}

Result<void> Shard::flush() {
  return background_.run([this]() -> Result<void> {
    const auto flushed = flush_now();
    compaction_.wake();
    return flushed ? Result<void>() : fail(flushed.error());
  });
}

Result<void> Shard::compact() {
  return compaction_.run([this] { return compact_all(); });
}

Result<void> Shard::drop(const std::vector<TableId>& tables) {
  return background_.run([this, &tables] { return drop_now(tables); });
}

Result<void> Shard::drop_segments(const std::vector<SegmentId>& segments) {
  return background_.run([this, &segments] { return drop_segments_now(segments); });
}

// Every file is held before the manifest is read: what it names then cannot go away, since a file
// is removed after the manifest has forgotten it.
Result<FrozenShard> Shard::freeze() {
  FrozenShard frozen;
  frozen.folder = folder_.substr(folder_.rfind('/') + 1);
  frozen.hold = held_files_.hold_all();
  TRY_VOID(background_.run([&]() -> Result<void> {
    TRY_VOID(settle());
    frozen.state = manifest_->state();
    return {};
  }));
  std::set<std::string> named;
  for (const auto& [id, sst] : frozen.state.ssts()) named.insert(sst_path(id));
  frozen.hold->keep_only(std::move(named));
  return frozen;
}

std::string Shard::refusal() const {
  std::string reason = write_state_.reason();
  if (!reason.empty() || !writer_.memtables_are_full()) return reason;
  const auto error = write_state_.flush_error();
  return error ? error->message : std::string();
}

uint64_t Shard::quarantined_files() const {
  uint64_t count = 0;
  for (const auto& table : tables_.all()) {
    const auto view = table->view();
    for (const SegmentView& segment : view->segments) {
      for (const auto& file : segment.files) count += file->quarantined() ? 1 : 0;
    }
  }
  return count;
}

std::string Shard::sst_path(SstId id) const {
  return join_path(folder_, std::to_string(raw(id)) + ".sst");
}

void Shard::remove_file(const std::string& path) {
  if (!held_files_.defer(path)) context_.readers.remove(path);
}

}  // namespace varve::engine
