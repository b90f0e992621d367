// SPDX-License-Identifier: Apache-2.0
#include "engine/local_store.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <mutex>

#include "base/check.h"
#include "base/log.h"
#include "base/mutex.h"
#include "engine/cache/block_cache.h"
#include "engine/scan/live_series.h"
#include "engine/scan/scan_plan.h"
#include "engine/scan/series_stream.h"
#include "engine/scan/time_stream.h"
#include "engine/series_index/series_keys.h"
#include "engine/shard/live_rows.h"
#include "engine/shard/shard.h"

namespace varve::engine {
namespace {

class EmptyStream final : public BatchStream {
 public:
  Result<ScanBatch> next() override { return ScanBatch{}; }
};

// Calls `done` once, when every part of a request has ended, with the first error if there is one.
struct SharedDone {
  explicit SharedDone(WriteDone whole, size_t parts) : done(std::move(whole)), parts_left(parts) {}

  void part_done(Result<void> outcome) {
    if (!outcome) {
      const std::lock_guard lock(mutex);
      if (first) first = std::move(outcome);
    }
    if (parts_left.fetch_sub(1) == 1) done(std::move(first));
  }

  WriteDone done;
  std::atomic<size_t> parts_left;
  std::mutex mutex;
  Result<void> first;
};

}  // namespace

struct LocalStore::State {
  EngineOptions options;
  FileSystem& files;
  BlockCache cache;
  ReaderCache readers;
  DamageList damage;
  std::vector<std::unique_ptr<Shard>> shards;
  std::atomic<bool> is_refusing{false};
  mutable Mutex refusal_mutex;
  Error refusal GUARDED_BY(refusal_mutex);  // Why, while is_refusing.

  State(EngineOptions chosen, FileSystem& file_system)
      : options(std::move(chosen)),
        files(file_system),
        cache(options.block_cache_bytes, options.memory),
        readers(files, options.open_files_max, options.open_files_bytes_max) {}
  Shard& shard_of(TableId table) const { return *shards[raw(table) % shards.size()]; }
  Result<void> may_write() const {
    if (!is_refusing.load(std::memory_order_relaxed)) return {};
    const MutexLock lock(refusal_mutex);
    return fail(refusal);
  }
};

namespace {

constexpr std::string_view kShardsFile = "SHARDS";

/// Tables are placed by the number of shards: with another number their rows would not be found.
Result<void> check_shard_count(FileSystem& files, const EngineOptions& options,
                               DamageList& damage) {
  const std::string path = join_path(options.directory, kShardsFile);
  const std::string wanted = std::to_string(options.shards) + "\n";
  if (!TRY(files.exists(path))) return write_file_atomically(files, path, wanted);
  std::string stored = TRY(read_file(files, path));
  if (stored == wanted) return {};
  // With a folder for each of the wanted ones it is the file that is wrong.
  uint32_t folders = 0;
  for (const std::string& name : TRY(files.list(options.directory))) {
    folders += name.starts_with("shard-") ? 1 : 0;
  }
  if (folders == options.shards) {
    const std::string sentence = path + " is damaged at byte 0: it does not say that there are " +
                                 std::to_string(folders) + " shards; it was written anew";
    log::error("store.shards_file_damaged", {{"file", path}});
    damage.add(sentence);
    return write_file_atomically(files, path, wanted);
  }
  if (stored.ends_with('\n')) stored.pop_back();
  return fail(ErrorCode::kInvalidInput, "storage.shards is " + std::to_string(options.shards) +
                                            ", but " + options.directory + " was made with " +
                                            stored + "; it cannot be changed later");
}

}  // namespace

LocalStore::LocalStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
LocalStore::~LocalStore() = default;

Result<std::unique_ptr<LocalStore>> LocalStore::open(EngineOptions options, FileSystem& files,
                                                     const Clock& clock, Random& random,
                                                     const std::vector<TableId>& live_tables) {
  CHECK(options.shards > 0);
  CHECK(options.compaction_files_min >= 2);
  auto state = std::make_unique<State>(std::move(options), files);
  TRY_VOID(files.create_directories(state->options.directory));
  TRY_VOID(check_shard_count(files, state->options, state->damage));
  const ShardContext context{.options = state->options,
                             .files = files,
                             .clock = clock,
                             .random = random,
                             .cache = state->cache,
                             .readers = state->readers,
                             .damage = state->damage};
  for (uint32_t i = 0; i < state->options.shards; ++i) {
    const std::string folder = join_path(state->options.directory, "shard-" + std::to_string(i));
    state->shards.push_back(TRY(Shard::open(context, folder, live_tables)));
  }
  return std::unique_ptr<LocalStore>(new LocalStore(std::move(state)));
}

Result<void> LocalStore::close() {
  Result<void> first;
  for (const auto& shard : state_->shards) {
    const auto closed = shard->close();
    if (first && !closed) first = closed;
  }
  return first;
}

void LocalStore::refuse_writes(const Error& error) {
  {
    const MutexLock lock(state_->refusal_mutex);
    state_->refusal = error;
  }
  state_->is_refusing.store(true);
}

SeenIds LocalStore::take_ids_seen() {
  SeenIds seen;
  for (const auto& shard : state_->shards) seen.add(shard->take_ids_seen());
  return seen;
}

EngineHealth LocalStore::health() const {
  EngineHealth health;
  if (const auto allowed = state_->may_write(); !allowed) health.reason = allowed.error().message;
  for (const auto& shard : state_->shards) {
    if (health.reason.empty()) health.reason = shard->refusal();
    health.deletes_pending += shard->deletes_pending();
    health.quarantined_files += shard->quarantined_files();
  }
  health.writable = health.reason.empty();
  health.damage = state_->damage.sentences();
  return health;
}

void LocalStore::write(WriteRequest request, WriteDone done) {
  if (auto allowed = state_->may_write(); !allowed) return done(std::move(allowed));
  const size_t shard_count = state_->shards.size();
  std::vector<WriteRequest> parts(shard_count);
  for (WriteBatch& batch : request.batches) {
    parts[raw(batch.table) % shard_count].batches.push_back(std::move(batch));
  }
  std::erase_if(parts, [](const WriteRequest& part) { return part.batches.empty(); });
  if (parts.empty()) return done({});
  if (parts.size() == 1) {
    Shard& shard = state_->shard_of(parts.front().batches.front().table);
    return shard.write(std::move(parts.front()), std::move(done));
  }
  const auto shared = std::make_shared<SharedDone>(std::move(done), parts.size());
  for (WriteRequest& part : parts) {
    Shard& shard = state_->shard_of(part.batches.front().table);
    shard.write(std::move(part),
                [shared](Result<void> outcome) { shared->part_done(std::move(outcome)); });
  }
}

Result<std::unique_ptr<BatchStream>> LocalStore::scan(const ScanSpec& spec, CancelFlag cancel) {
  auto table = state_->shard_of(spec.table).table(spec.table);
  if (!table) return std::make_unique<EmptyStream>();
  auto plan = TRY(ScanPlan::make(spec, std::move(table), state_->options.scan_pinned_bytes_max,
                                 std::move(cancel)));
  plan->share_memory(state_->options.memory);
  if (spec.order == ScanOrder::kTime) return std::make_unique<TimeStream>(std::move(plan));
  return std::make_unique<SeriesStream>(std::move(plan));
}

namespace {

constexpr size_t kListLooksEvery = 8'192;

Result<void> check_listing(const SeriesSpec& spec, size_t bytes) {
  if (spec.cancel && spec.cancel->load(std::memory_order_relaxed)) {
    return fail(ErrorCode::kCancelled, "the listing was cancelled");
  }
  return spec.watch ? spec.watch(bytes) : Result<void>();
}

/// The series of the table that the spec asks for.
Result<SeriesBits> listed_series(const Table& table, const SeriesSpec& spec) {
  if (!spec.predicate.is_on_tags_only()) {
    return fail(ErrorCode::kInvalidInput, "series can be listed by conditions on tags only");
  }
  const auto view = table.view();
  std::vector<const SegmentView*> segments;
  for (const SegmentView& segment : view->segments) {
    if (segment.range.overlaps(spec.range)) segments.push_back(&segment);
  }
  const auto filter = TRY(TagFilter::compile(spec.predicate, table.index(), spec.cancel));
  return live_series(filter, segments);
}

}  // namespace

Result<SeriesList> LocalStore::list_series(const SeriesSpec& spec) {
  SeriesList list;
  const auto table = state_->shard_of(spec.table).table(spec.table);
  if (!table || spec.range.empty()) return list;
  auto ids = table->index().by_hash(TRY(listed_series(*table, spec)));
  if (spec.series_limit > 0 && ids.size() > spec.series_limit) ids.resize(spec.series_limit);
  auto keys = std::make_shared<SeriesKeys>(table->index(), spec.key_tags);
  const size_t refs_bytes = ids.size() * (sizeof(SeriesRef) + sizeof(SeriesId));
  TRY_VOID(check_listing(spec, refs_bytes));
  list.series.reserve(ids.size());
  for (const SeriesId id : ids) {
    if (list.series.size() % kListLooksEvery == kListLooksEvery - 1) {
      TRY_VOID(check_listing(spec, refs_bytes + keys->size_bytes()));
    }
    list.series.push_back(keys->add(id));
  }
  list.pin = std::move(keys);
  return list;
}

Result<uint64_t> LocalStore::count_series(const SeriesSpec& spec) {
  const auto table = state_->shard_of(spec.table).table(spec.table);
  if (!table || spec.range.empty()) return uint64_t{0};
  return TRY(listed_series(*table, spec)).count();
}

Result<TextList> LocalStore::list_tag_values(const SeriesSpec& spec, ColumnId tag_id) {
  TextList list;
  const auto table = state_->shard_of(spec.table).table(spec.table);
  if (!table || spec.range.empty()) return list;
  const SeriesBits series = TRY(listed_series(*table, spec));
  const TagValues* tag = table->index().tag(tag_id);
  if (tag == nullptr) return list;
  // Values live as long as the index: their texts need no copy.
  const uint32_t value_count = tag->value_count();
  std::vector<bool> is_used(size_t{value_count} + 1);
  series.visit([&](SeriesId id) {
    const uint32_t value = tag->value_ids().get(static_cast<size_t>(id));
    // One that is younger belongs to a series that was made meanwhile.
    if (value <= value_count) is_used[value] = true;
  });
  const auto count = static_cast<size_t>(std::ranges::count(is_used, true));
  TRY_VOID(check_listing(spec, count * sizeof(std::string_view)));
  list.texts.reserve(count);
  for (uint32_t value = 1; value <= value_count; ++value) {
    if (is_used[value]) list.texts.push_back(tag->text(value));
  }
  list.pin = table;
  return list;
}

Result<std::vector<ColumnId>> LocalStore::list_columns(TableId table_id, TimeRange range) {
  std::vector<ColumnId> ids;
  const auto table = state_->shard_of(table_id).table(table_id);
  if (!table || range.empty()) return ids;
  std::vector<ScanColumn> columns;
  const auto view = table->view();
  for (const SegmentView& segment : view->segments) {
    if (!segment.range.overlaps(range)) continue;
    const auto with_cells = TRY(columns_with_cells(*table, segment, view->deletes));
    columns.insert(columns.end(), with_cells.begin(), with_cells.end());
  }
  for (const ScanColumn& column : columns) ids.push_back(column.id);
  std::ranges::sort(ids);
  const auto rest = std::ranges::unique(ids);
  ids.erase(rest.begin(), rest.end());
  return ids;
}

TableStats LocalStore::stats(TableId table_id) {
  TableStats stats;
  const auto table = state_->shard_of(table_id).table(table_id);
  if (!table) return stats;
  stats.series_count = table->index().series_count();
  const auto view = table->view();
  for (const SegmentView& segment : view->segments) {
    for (const auto& memtable : segment.memtables) {
      stats.memtable_rows += memtable->row_count();
      stats.memtable_bytes += memtable->size_bytes();
    }
    for (const auto& file : segment.files) {
      ++stats.sst_count;
      stats.sst_rows += file->meta().row_count;
      stats.sst_bytes += file->meta().size_bytes;
    }
  }
  return stats;
}

Result<void> LocalStore::flush() {
  for (const auto& shard : state_->shards) TRY_VOID(shard->flush());
  return {};
}

Result<FrozenStore> LocalStore::freeze() {
  FrozenStore frozen{.directory = state_->options.directory, .shards = {}};
  for (const auto& shard : state_->shards) frozen.shards.push_back(TRY(shard->freeze()));
  return frozen;
}

uint32_t LocalStore::shard_count() const { return state_->options.shards; }

Result<uint32_t> LocalStore::stored_shard_count(FileSystem& files, const std::string& directory) {
  const std::string path = join_path(directory, kShardsFile);
  const std::string text = TRY(read_file(files, path));
  uint32_t shards = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), shards);
  if (parsed.ec == std::errc() && shards > 0 && std::string_view(parsed.ptr) == "\n") return shards;
  return fail(ErrorCode::kCorrupt, path + " holds no number of shards");
}

Result<void> LocalStore::compact() {
  for (const auto& shard : state_->shards) TRY_VOID(shard->compact());
  return {};
}

Result<void> LocalStore::remove(const DeleteSpec& spec) {
  TRY_VOID(state_->may_write());
  return state_->shard_of(spec.table).remove(spec);
}

Result<void> LocalStore::drop_segments(const std::vector<SegmentId>& segments) {
  if (segments.empty()) return {};
  TRY_VOID(state_->may_write());
  for (const auto& shard : state_->shards) TRY_VOID(shard->drop_segments(segments));
  return {};
}

Result<void> LocalStore::drop_tables(const std::vector<TableId>& tables) {
  TRY_VOID(state_->may_write());
  std::vector<std::vector<TableId>> parts(state_->shards.size());
  for (const TableId table : tables) parts[raw(table) % parts.size()].push_back(table);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].empty()) TRY_VOID(state_->shards[i]->drop(parts[i]));
  }
  return {};
}

}  // namespace varve::engine
