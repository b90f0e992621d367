// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/table.h"

#include <algorithm>
#include <functional>

#include "base/ahead_queue.h"
#include "base/check.h"
#include "base/thread.h"

namespace varve::engine {
namespace {

Result<void> check_shape(const WriteBatch& batch) {
  const auto refuse = [&](const char* what) {
    return fail(ErrorCode::kInvalidInput, std::string("write batch of table ") +
                                              std::to_string(raw(batch.table)) + " " + what);
  };
  if (batch.row_series.size() != batch.times_ns.size()) return refuse("has rows without a series");
  for (const uint32_t series : batch.row_series) {
    if (series >= batch.series.size()) return refuse("has a row of a series that it does not list");
  }
  for (const int64_t time_ns : batch.times_ns) {
    if (!batch.segment_range.contains(time_ns)) return refuse("has a time outside its segment");
  }
  for (const BatchSeries& series : batch.series) {
    if (size_t{series.key_offset} + series.key_size_bytes > batch.key_bytes.size()) {
      return refuse("has a key outside its bytes");
    }
  }
  for (const BatchColumn& column : batch.columns) {
    if (column.values.row_count() != batch.row_count()) {
      return refuse("has a column of another length");
    }
  }
  return {};
}

using DirectoryVisitor = std::function<Result<void>(const SeriesDirectory&)>;

// Visits the blocks of a file's directory in order. Of many, a thread of its own reads and decodes
// the next ones meanwhile.
Result<void> visit_directory(const SstReader& reader, const DirectoryVisitor& visit) {
  const uint32_t block_count = reader.directory().block_count();
  constexpr uint32_t kMany = 32;
  if (block_count < kMany) {
    for (uint32_t block = 0; block < block_count; ++block) {
      TRY_VOID(visit(*TRY(reader.read_directory(block))));
    }
    return {};
  }
  constexpr size_t kBlocksAhead = 8;
  AheadQueue<Result<std::shared_ptr<const SeriesDirectory>>> queue(kBlocksAhead);
  const Thread maker("varve-open", [&] {
    for (uint32_t block = 0; block < block_count; ++block) {
      auto directory = reader.read_directory(block);
      const bool is_read = directory.has_value();
      if (!queue.push(std::move(directory), 1) || !is_read) break;
    }
    queue.close();
  });
  Result<void> outcome;
  while (outcome) {
    auto directory = queue.pop();
    if (!directory) break;
    outcome = *directory ? visit(***directory) : fail(directory->error());
  }
  queue.abandon();
  return outcome;
}

}  // namespace

// Only the writer changes the bits, so it may look without the lock.
void SeriesSet::add(std::span<const SeriesId> ids) NO_THREAD_SAFETY_ANALYSIS {
  if (removing_) {
    for (const SeriesId id : ids) added_.add(id);
  }
  const auto first_new =
      std::ranges::find_if(ids, [this](SeriesId id) NO_THREAD_SAFETY_ANALYSIS {
        return !bits_.has(id);
      });
  if (first_new == ids.end()) return;
  const MutexLock lock(mutex_);
  for (const SeriesId id : ids.subspan(static_cast<size_t>(first_new - ids.begin()))) {
    if (bits_.has(id)) continue;
    bits_.add(id);
    fresh_.add(id);
  }
}

void SeriesSet::add_all(const SeriesBits& series) {
  const MutexLock lock(mutex_);
  bits_.add_all(series);
}

void SeriesSet::settle() {
  const MutexLock lock(mutex_);
  fresh_ = {};
}

void SeriesSet::begin_removal() {
  removing_ = true;
  added_ = {};
}

void SeriesSet::finish_removal(std::span<const SeriesId> ids) {
  const MutexLock lock(mutex_);
  for (const SeriesId id : ids) {
    if (!added_.has(id)) bits_.remove(id);
  }
  removing_ = false;
  added_ = {};
}

void SeriesSet::add_part_to(size_t number, SeriesBits::Words& words) const {
  const MutexLock lock(mutex_);
  const SeriesBits::Words* part = bits_.part(number);
  if (part == nullptr) return;
  for (size_t i = 0; i < words.size(); ++i) words[i] |= (*part)[i];
}

SeriesBits SeriesSet::copy() const {
  SeriesBits bits;
  const MutexLock lock(mutex_);
  bits.add_all(bits_);
  return bits;
}

SeriesBits SeriesSet::settled() const {
  SeriesBits bits;
  const MutexLock lock(mutex_);
  bits.add_all(bits_);
  bits.remove_all(fresh_);
  return bits;
}

Result<std::vector<SeriesId>> Table::resolve(const WriteBatch& batch, bool is_replayed) {
  TRY_VOID(check_shape(batch));
  if (batch.mode != mode_) {
    return fail(ErrorCode::kInvalidInput,
                "table " + std::to_string(raw(id_)) + " has another merge mode");
  }
  for (const BatchColumn& column : batch.columns) {
    const auto known = types_.emplace(column.id, column.values.type()).first->second;
    if (known != column.values.type()) {
      return fail(ErrorCode::kConflict, "column " + std::to_string(raw(column.id)) + " of table " +
                                            std::to_string(raw(id_)) + " is " +
                                            std::string(to_string(known)) + ", not " +
                                            std::string(to_string(column.values.type())));
    }
  }
  {
    const MutexLock lock(mutex_);
    const auto known = segments_.find(batch.segment);
    if (known != segments_.end() && known->second.view.range != batch.segment_range) {
      return fail(ErrorCode::kInvalidInput, "segment " + std::to_string(raw(batch.segment)) +
                                                " has another time range");
    }
  }
  static const KeyHash kEmptyKeyHash = series_key_hash("");
  std::vector<SeriesId> ids;
  ids.reserve(batch.series.size());
  // What is read of a series among millions is far away: it is fetched a few series ahead, in three
  // steps, since each one tells where the next one is.
  constexpr size_t kAhead = 16;
  const size_t count = batch.series.size();
  for (size_t i = 0; i < count; ++i) {
    if (i + 3 * kAhead < count) index_->prefetch_slice(batch.series[i + 3 * kAhead].hash);
    if (i + 2 * kAhead < count) index_->prefetch_slot(batch.series[i + 2 * kAhead].hash);
    if (i + kAhead < count) {
      const BatchSeries& ahead = batch.series[i + kAhead];
      index_->prefetch_series(ahead.hash, batch.key(ahead));
    }
    const BatchSeries& series = batch.series[i];
    if (series.key_size_bytes > 0 || series.hash == kEmptyKeyHash) {
      const std::string_view key = batch.key(series);
      ids.push_back(TRY(is_replayed ? index_->add_stored(series.hash, key)
                                    : index_->add(series.hash, key)));
    } else if (const auto known = index_->find_as_writer(series.hash)) {
      ids.push_back(*known);
    } else if (is_replayed) {
      ids.push_back(kNoSeries);
    } else {
      return fail(ErrorCode::kInvalidInput,
                  "write batch names a series whose key table " + std::to_string(raw(id_)) +
                      " does not know");
    }
  }
  return ids;
}

void Table::put_keys(WriteBatch& batch, std::span<const SeriesId> ids, uint64_t generation) {
  std::string keys;
  for (size_t i = 0; i < batch.series.size(); ++i) {
    BatchSeries& series = batch.series[i];
    if (logged_.is_twice_in(generation, ids[i])) {
      series.key_offset = 0;
      series.key_size_bytes = 0;
      continue;
    }
    const size_t begin = keys.size();
    if (begin == 0) keys.reserve(batch.key_bytes.size());
    if (series.key_size_bytes > 0) {
      keys += batch.key(series);
    } else {
      index_->append_key(ids[i], keys);
    }
    series.key_offset = static_cast<uint32_t>(begin);
    series.key_size_bytes = static_cast<uint32_t>(keys.size() - begin);
  }
  batch.key_bytes = std::move(keys);
}

void Table::keys_logged(std::span<const SeriesId> ids, uint64_t generation, Lsn lsn) {
  for (const SeriesId id : ids) logged_.add(generation, lsn, id);
}

Table::Segment& Table::segment_to_write(SegmentId id, const TimeRange& range) {
  Segment& segment = segments_[id];
  segment.view.id = id;
  segment.view.range = range;
  segment.view.series = segment.series;
  view_.reset();
  return segment;
}

size_t Table::append(const WriteBatch& batch, std::span<const SeriesId> ids) {
  if (batch.row_count() == 0) return 0;
  size_t bytes_before = 0;
  Active& active = active_[batch.segment];
  const auto line = std::ranges::upper_bound(delete_versions_, batch.version);
  const Version older = line == delete_versions_.begin() ? Version{} : *std::prev(line);
  // Only when replaying: otherwise the delete itself drew the line.
  if (active.memtable && active.memtable->deletes_applied() < older) seal_for_delete(active);
  if (!active.memtable) {
    active.memtable = std::make_shared<Memtable>(id_, mode_, batch.segment, batch.segment_range,
                                                 older);
    const MutexLock lock(mutex_);
    Segment& segment = segment_to_write(batch.segment, batch.segment_range);
    segment.view.memtables.push_back(active.memtable);
    active.series = segment.series;
  } else {
    bytes_before = active.memtable->size_bytes();
  }
  active.series->add(ids);
  active.memtable->append(batch, ids);
  return active.memtable->size_bytes() - bytes_before;
}

std::vector<std::shared_ptr<const Memtable>> Table::seal() {
  std::vector<std::shared_ptr<const Memtable>> sealed = std::exchange(sealed_, {});
  // Those that were forgotten are not in use any more either.
  if (delete_versions_.size() > 1) {
    delete_versions_.erase(delete_versions_.begin(), delete_versions_.end() - 1);
  }
  for (auto& [id, active] : active_) {
    if (!active.memtable) continue;
    active.memtable->seal();
    sealed.push_back(std::move(active.memtable));
  }
  active_.clear();
  return sealed;
}

void Table::seal_for_delete(Active& active) {
  active.memtable->seal();
  sealed_.push_back(std::exchange(active.memtable, nullptr));
}

size_t Table::begin_delete(Version version, const TimeRange& range) {
  const Version line_last = delete_versions_.empty() ? Version{} : delete_versions_.back();
  for (auto& [id, active] : active_) {
    if (!active.memtable) continue;
    // After a restart a memtable may still be older than a delete, when no row came after that one.
    const bool has_older_line = active.memtable->deletes_applied() < line_last;
    if (has_older_line || active.memtable->may_have_rows_in(range)) {
      seal_for_delete(active);
    } else {
      active.memtable->raise_deletes_applied(version);
    }
  }
  std::erase_if(active_, [](const auto& entry) { return !entry.second.memtable; });
  delete_versions_.push_back(version);
  const MutexLock lock(mutex_);
  for (auto& [id, segment] : segments_) {
    if (segment.view.range.overlaps(range)) segment.series->begin_removal();
  }
  return sealed_.size();
}

void Table::add_delete(TableDelete added, std::span<const Version> forgotten) {
  const MutexLock lock(mutex_);
  std::vector<TableDelete> deletes = deletes_->all();
  std::erase_if(deletes, [&](const TableDelete& known) {
    return std::ranges::binary_search(forgotten, known.version);
  });
  deletes.push_back(std::move(added));
  deletes_ = std::make_shared<const DeleteSet>(std::move(deletes));
  view_.reset();
}

void Table::forget_deletes(std::span<const Version> forgotten) {
  const MutexLock lock(mutex_);
  std::vector<TableDelete> deletes = deletes_->all();
  std::erase_if(deletes, [&](const TableDelete& known) {
    return std::ranges::binary_search(forgotten, known.version);
  });
  deletes_ = std::make_shared<const DeleteSet>(std::move(deletes));
  view_.reset();
}

void Table::set_deletes(std::vector<TableDelete> deletes) {
  for (const TableDelete& known : deletes) delete_versions_.push_back(known.version);
  const MutexLock lock(mutex_);
  deletes_ = std::make_shared<const DeleteSet>(std::move(deletes));
  view_.reset();
}

void Table::finish_delete(const SeriesBySegment& without_rows) {
  const MutexLock lock(mutex_);
  for (auto& [id, segment] : segments_) {
    const auto found = without_rows.find(id);
    segment.series->finish_removal(found == without_rows.end() ? std::span<const SeriesId>()
                                                               : found->second);
  }
}

size_t Table::drop_segment(SegmentId id) {
  active_.erase(id);
  std::erase_if(sealed_, [&](const auto& memtable) { return memtable->segment() == id; });
  const MutexLock lock(mutex_);
  const auto found = segments_.find(id);
  if (found == segments_.end()) return 0;
  size_t bytes = 0;
  for (const auto& memtable : found->second.view.memtables) bytes += memtable->size_bytes();
  segments_.erase(found);
  view_.reset();
  return bytes;
}

void Table::replace(SegmentId segment_id,
                    const std::vector<std::shared_ptr<const Memtable>>& memtables,
                    const std::vector<std::shared_ptr<SstFile>>& files,
                    std::shared_ptr<SstFile> added) {
  const MutexLock lock(mutex_);
  const auto found = segments_.find(segment_id);
  if (found == segments_.end()) return;  // Dropped.
  SegmentView& view = found->second.view;
  std::erase_if(view.memtables,
                [&](const auto& memtable) { return std::ranges::count(memtables, memtable) > 0; });
  std::erase_if(view.files, [&](const auto& file) { return std::ranges::count(files, file) > 0; });
  if (added) {
    view.files.push_back(std::move(added));
    std::ranges::stable_sort(view.files, {}, [](const auto& file) {
      return std::pair(file->meta().version_first, file->meta().id);
    });
  }
  view_.reset();
}

Result<void> Table::add_file(std::shared_ptr<SstFile> file) {
  const SstMeta& meta = file->meta();
  for (const ScanColumn& field : meta.fields) types_.emplace(field.id, field.type);
  std::shared_ptr<SeriesSet> series;
  {
    const MutexLock lock(mutex_);
    series = segment_to_write(meta.segment, meta.segment_range).series;
  }
  const auto reader = TRY(file->reader());
  TRY_VOID(visit_directory(*reader, [&](const SeriesDirectory& directory) -> Result<void> {
    constexpr size_t kAhead = 16;
    const size_t count = directory.series_count();
    std::vector<SeriesId> ids;
    ids.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) index_->prefetch_slot(directory.series(i + kAhead).hash);
      const SeriesRef ref = directory.series(i);
      ids.push_back(TRY(index_->add_stored(ref.hash, ref.key)));
    }
    series->add(ids);
    return {};
  }));
  replace(meta.segment, {}, {}, std::move(file));
  return {};
}

void Table::load_series(LoadedSnapshot snapshot) {
  index_ = std::move(snapshot.index);
  const MutexLock lock(mutex_);
  for (SnapshotSegment& segment : snapshot.segments) {
    segment_to_write(segment.id, segment.range).series->add_all(segment.series);
  }
}

void Table::add_known_file(std::shared_ptr<SstFile> file) {
  const SstMeta& meta = file->meta();
  for (const ScanColumn& field : meta.fields) types_.emplace(field.id, field.type);
  replace(meta.segment, {}, {}, std::move(file));
}

void Table::settle_series() {
  const MutexLock lock(mutex_);
  for (auto& [id, segment] : segments_) segment.series->settle();
}

std::shared_ptr<const TableView> Table::view() const {
  const MutexLock lock(mutex_);
  if (!view_) {
    auto view = std::make_shared<TableView>();
    for (const auto& [id, segment] : segments_) view->segments.push_back(segment.view);
    std::ranges::sort(view->segments, {}, [](const SegmentView& v) { return v.range.begin_ns; });
    view->deletes = deletes_;
    view_ = std::move(view);
  }
  return view_;
}

size_t Table::memtable_bytes() const {
  const MutexLock lock(mutex_);
  size_t bytes = 0;
  for (const auto& [id, segment] : segments_) {
    for (const auto& memtable : segment.view.memtables) bytes += memtable->size_bytes();
  }
  return bytes;
}

std::shared_ptr<Table> TableMap::find(TableId id) const {
  const MutexLock lock(mutex_);
  const auto found = tables_.find(id);
  return found == tables_.end() ? nullptr : found->second;
}

std::shared_ptr<Table> TableMap::find_or_make(TableId id, MergeMode mode, uint64_t seed) {
  const MutexLock lock(mutex_);
  if (dropped_.contains(id)) return nullptr;
  auto& table = tables_[id];
  if (!table) table = std::make_shared<Table>(id, mode, seed);
  return table;
}

void TableMap::drop(TableId id) {
  std::shared_ptr<Table> dropped;  // Ends after the lock.
  const MutexLock lock(mutex_);
  dropped_[id] = true;
  if (const auto found = tables_.find(id); found != tables_.end()) {
    dropped = std::move(found->second);
    dropped->set_dropped();
    tables_.erase(found);
  }
}

std::vector<std::shared_ptr<Table>> TableMap::all() const {
  const MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Table>> tables;
  tables.reserve(tables_.size());
  for (const auto& [id, table] : tables_) tables.push_back(table);
  return tables;
}

}  // namespace varve::engine
