// SPDX-License-Identifier: Apache-2.0
// A year of points of fifty series, written in random order with duplicates and deletes, against
// the same in memory: equal on random scans while it is written, and after flush, compaction,
// the end of the process, restart, and backup and restore; on a disk, and on an object store whose
// copies on the disk are few and get lost.
//
// A twentieth of a year; VARVE_YEAR_PARTS=1 is the whole of it, VARVE_YEAR_SEED another run.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <thread>

#include "engine/backup/backup_restore.h"
#include "engine/backup/backup_writer.h"
#include "engine/backup/store_backup.h"
#include "engine/local_store.h"
#include "io/posix_file_system.h"
#include "io/simulated_object_store.h"
#include "io/temporary_folder.h"
#include "io/tiered_file_system.h"
#include "varve/year_model.h"

namespace varve {
namespace {

constexpr TableId kTable{1};
constexpr int64_t kSegmentNs = int64_t{7} * 24 * 3600 * 1'000'000'000;
constexpr size_t kMemtableBytes = 16 << 20;
constexpr uint64_t kDiskTierBytes = 256 << 10;
constexpr uint64_t kRowsPerWrite = 20'000;
// Every so many rows one is written once more, and every so many writes something is deleted.
constexpr uint64_t kDuplicateEvery = 20;
constexpr uint64_t kDeleteEvery = 8;

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

enum class Where : uint8_t { kDisk, kObjectStore };

class YearRun {
 public:
  YearRun(uint64_t seed, uint64_t parts, Where where)
      : random_(seed),
        model_(static_cast<uint32_t>(YearModel::kSlotsOfAYear / parts)),
        order_(uint64_t{YearModel::kSeriesCount} * model_.slot_count(), seed),
        where_(where) {
    data_ = directory_ / "data";
    EXPECT_TRUE(files_.create_directories(data_ / "engine"));
    open();
  }
  engine::LocalStore& store() { return *store_; }
  const YearModel& model() const { return model_; }
  uint64_t point_count() const {
    return uint64_t{YearModel::kSeriesCount} * model_.slot_count();
  }

  void open() {
    store_.reset();
    if (where_ == Where::kObjectStore) mount();
    engine::EngineOptions options;
    options.sst_ids_jump = where_ == Where::kObjectStore;
    options.directory = data_ / "engine";
    // What is tested survives a crash of the process; power is other tests' business.
    options.wal_sync = engine::WalSync::kOff;
    options.memtable_bytes_max = kMemtableBytes;
    options.compaction_files_min = 4;
    auto opened = engine::LocalStore::open(options, files(), SystemClock::instance(),
                                           engine_random_, {kTable});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }

  /// Goes on with the copy.
  void back_up_and_restore() {
    const std::string folder = directory_ / "backup";
    ASSERT_TRUE(store_->flush());
    {
      const auto frozen = store_->freeze();
      ASSERT_TRUE(frozen) << frozen.error().message;
      auto backup = engine::BackupWriter::open(
          files(), {.folder = folder, .data_directory = data_, .shards = 1});
      ASSERT_TRUE(backup) << backup.error().message;
      ASSERT_TRUE(engine::add_store(
          **backup, *frozen, [](const engine::SstMeta&) { return true; }, nullptr));
      ASSERT_TRUE((*backup)->add_state_file(std::string(engine::kDataDirectoryMark),
                                             "format 1\n"));
      ASSERT_TRUE(std::move(**backup).finish());
    }
    store_.reset();
    const std::filesystem::path restored = directory_ / "restored";
    const auto listing =
        engine::restore_backup(files_, {.from = folder, .to = restored}, nullptr);
    ASSERT_TRUE(listing) << listing.error().message;
    data_ = restored;
    tiered_.reset();
    objects_ = std::make_unique<SimulatedObjectStore>();
    open();
  }

  /// The next points in their random order; false when there are none left.
  bool write_some() {
    if (place_ >= point_count()) return false;
    std::map<SegmentId, WriteBatch> batches;
    for (uint64_t row = 0; row < kRowsPerWrite && place_ < point_count(); ++row) {
      const bool is_duplicate = pick(kDuplicateEvery) == 0;
      add_row(is_duplicate ? pick(point_count()) : order_.at(place_++), batches);
    }
    WriteRequest request;
    for (auto& [segment, batch] : batches) request.batches.push_back(std::move(batch));
    // Rows that arrive faster than they are flushed would be refused.
    while (store_->stats(kTable).memtable_bytes > kMemtableBytes) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    std::promise<Result<void>> written;
    store_->write(std::move(request), [&](Result<void> done) { written.set_value(done); });
    const auto done = written.get_future().get();
    EXPECT_TRUE(done) << done.error().message;
    return done.has_value();
  }

  void delete_some() {
    const YearSelection selection = random_selection(model_.slot_count() / 10);
    const auto done = store_->remove(
        {.table = kTable, .range = selection.range, .predicate = selection.predicate});
    ASSERT_TRUE(done) << done.error().message;
    model_.remove(selection);
    // As a server does now and then; else the objects of every merge would be kept.
    if (!tiered_) return;
    ASSERT_TRUE(tiered_->delete_removed(tiered_->removed_objects()));
  }

  void compare(int scan_count) {
    for (int i = 0; i < scan_count && !::testing::Test::HasFailure(); ++i) {
      compare_one(random_selection(model_.slot_count()));
    }
  }

 private:
  FileSystem& files() { return tiered_ ? static_cast<FileSystem&>(*tiered_) : files_; }

  // What has no other copy yet is uploaded here; the rest of the copies is lost.
  void mount() {
    if (tiered_) {
      tiered_.reset();
      std::filesystem::remove_all(data_ / "object-cache");
      for (const auto& entry : std::filesystem::directory_iterator(data_ / "engine/shard-0")) {
        if (entry.path().extension() == ".sst") std::filesystem::remove(entry.path());
      }
    }
    auto mounted = TieredFileSystem::open(
        files_, *objects_,
        {.root = data_, .disk_bytes_max = kDiskTierBytes, .block_bytes = 64 << 10});
    ASSERT_TRUE(mounted) << mounted.error().message;
    tiered_ = std::move(*mounted);
    ASSERT_TRUE(tiered_->delete_removed(tiered_->removed_objects()));
  }

  uint64_t pick(uint64_t end) { return random_.next_u64() % end; }

  void add_row(uint64_t point, std::map<SegmentId, WriteBatch>& batches) {
    const auto series = static_cast<uint32_t>(point / model_.slot_count());
    const auto slot = static_cast<uint32_t>(point % model_.slot_count());
    const int64_t time_ns = YearModel::time_ns(slot);
    const int64_t week = (time_ns - YearModel::kBeginNs) / kSegmentNs;
    const SegmentId segment{static_cast<uint32_t>(week) + 1};
    WriteBatch& batch = batches[segment];
    if (batch.columns.empty()) {
      batch.table = kTable;
      batch.segment = segment;
      batch.segment_range.begin_ns = YearModel::kBeginNs + week * kSegmentNs;
      batch.segment_range.end_ns = batch.segment_range.begin_ns + kSegmentNs;
      batch.id = {random_.next_u64(), random_.next_u64()};
      batch.columns.push_back({YearModel::kValue, ColumnVector(ValueType::kFloat64)});
      for (uint32_t each = 0; each < YearModel::kSeriesCount; ++each) {
        const std::string& key = model_.key(each);
        batch.series.push_back({.hash = series_key_hash(key),
                                .key_offset = static_cast<uint32_t>(batch.key_bytes.size()),
                                .key_size_bytes = static_cast<uint32_t>(key.size())});
        batch.key_bytes += key;
      }
    }
    batch.row_series.push_back(series);
    batch.times_ns.push_back(time_ns);
    batch.columns.front().values.append_f64(model_.write(series, slot));
  }

  /// Of at most so many slots; short ones are as likely as long ones.
  YearSelection random_selection(uint32_t slots_max) {
    YearSelection selection;
    uint64_t slots = slots_max >> pick(15);
    slots = 1 + pick(slots + 1);
    const auto first = static_cast<uint32_t>(pick(model_.slot_count()));
    selection.range.begin_ns = YearModel::time_ns(first) - static_cast<int64_t>(pick(2));
    selection.range.end_ns = YearModel::time_ns(static_cast<uint32_t>(first + slots)) +
                             static_cast<int64_t>(pick(2));
    std::vector<Predicate> parts;
    const uint64_t kind = pick(3);
    const std::string digit = std::to_string(pick(10));
    if (kind == 0) {
      const auto only = static_cast<uint32_t>(pick(YearModel::kSeriesCount));
      selection.series = {only};
      parts.push_back(Predicate::compare_tag(YearModel::kHost, CompareOp::kEqual,
                                             "host" + std::to_string(only)));
    } else {
      for (uint32_t series = 0; series < YearModel::kSeriesCount; ++series) {
        if (kind == 2 || std::to_string(series).ends_with(digit)) {
          selection.series.push_back(series);
        }
      }
      if (kind == 1) parts.push_back(Predicate::match_tag(YearModel::kHost, digit + "$", false));
    }
    if (pick(4) == 0) {
      selection.value_min = 200.0 + static_cast<double>(pick(200));
      parts.push_back(Predicate::compare_field(YearModel::kValue, ValueType::kFloat64,
                                               CompareOp::kGreaterEqual, *selection.value_min));
    }
    if (!parts.empty()) selection.predicate = Predicate::all_of(std::move(parts));
    return selection;
  }

  /// Calls `visit(series, slot)` for every row in the order of the scan, until it gives false.
  template <class Visit>
  void walk(const YearSelection& selection, const ScanSpec& spec, Visit&& visit) const {
    const auto [begin, end] = model_.slots_of(selection.range);
    const auto slot_at = [&, begin = begin, end = end](uint32_t step) {
      return spec.descending ? end - 1 - step : begin + step;
    };
    const uint32_t steps = end - begin;
    if (spec.order == ScanOrder::kTime) {
      std::vector<uint32_t> by_key = selection.series;
      std::sort(by_key.begin(), by_key.end(),
                [&](uint32_t a, uint32_t b) { return model_.key(a) < model_.key(b); });
      for (uint32_t step = 0; step < steps; ++step) {
        for (const uint32_t series : by_key) {
          if (model_.holds(selection, series, slot_at(step)) && !visit(series, slot_at(step))) {
            return;
          }
        }
      }
      return;
    }
    for (const uint32_t series : model_.series_by_hash()) {
      if (!std::binary_search(selection.series.begin(), selection.series.end(), series)) continue;
      for (uint32_t step = 0; step < steps; ++step) {
        if (model_.holds(selection, series, slot_at(step)) && !visit(series, slot_at(step))) {
          return;
        }
      }
    }
  }

  void compare_one(const YearSelection& selection);
  /// The rows of a scan one by one; false at the end.
  struct Row {
    std::string_view key;
    int64_t time_ns = 0;
    double value = 0;
  };
  class Rows {
   public:
    explicit Rows(std::unique_ptr<BatchStream> stream) : stream_(std::move(stream)) {}
    bool next(Row& row) {
      if (at_ == batch_.row_count() && !load()) return false;
      while (!batch_.runs.empty() && batch_.runs[run_].end <= at_) ++run_;
      const SeriesRef& series = batch_.runs.empty() ? batch_.series[batch_.row_series[at_]]
                                                    : batch_.runs[run_].series;
      row = {series.key, batch_.times_ns[at_], batch_.columns[0].as<double>()[at_]};
      if (!batch_.columns[0].has_value(at_)) row.value = -1;
      ++at_;
      return true;
    }

   private:
    bool load() {
      auto batch = stream_->next();
      EXPECT_TRUE(batch) << batch.error().message;
      if (!batch || batch->row_count() == 0) return false;
      batch_ = std::move(*batch);
      at_ = run_ = 0;
      return true;
    }
    std::unique_ptr<BatchStream> stream_;
    ScanBatch batch_;
    size_t at_ = 0;
    size_t run_ = 0;
  };

  SeededRandom random_;
  SeededRandom engine_random_{1};
  YearModel model_;
  RandomOrder order_;
  const TemporaryFolder folder_;
  const std::filesystem::path directory_ = folder_.path();
  std::filesystem::path data_;
  PosixFileSystem files_;
  const Where where_;
  std::unique_ptr<SimulatedObjectStore> objects_ = std::make_unique<SimulatedObjectStore>();
  std::unique_ptr<TieredFileSystem> tiered_;
  std::unique_ptr<engine::LocalStore> store_;
  uint64_t place_ = 0;
};

void YearRun::compare_one(const YearSelection& selection) {
  ScanSpec spec;
  spec.table = kTable;
  spec.range = selection.range;
  spec.columns = {{YearModel::kValue, ValueType::kFloat64}};
  spec.predicate = selection.predicate;
  spec.order = pick(3) == 0 ? ScanOrder::kTime : ScanOrder::kSeriesTime;
  spec.descending = pick(2) == 0;
  // Long scans are mostly cut short: it is their first rows that differ in how they are found.
  if (pick(3) != 0) spec.rows_limit = 1 + pick(50'000);
  SCOPED_TRACE(to_string(spec));
  auto stream = store_->scan(spec, nullptr);
  ASSERT_TRUE(stream) << stream.error().message;
  Rows rows(std::move(*stream));
  uint64_t row_count = 0;
  bool is_equal = true;
  Row row;
  walk(selection, spec, [&](uint32_t series, uint32_t slot) {
    if (spec.rows_limit != 0 && row_count == spec.rows_limit) return false;
    const Row expected = {model_.key(series), YearModel::time_ns(slot),
                          model_.value(series, slot)};
    const bool has_row = rows.next(row);
    is_equal = has_row && row.key == expected.key && row.time_ns == expected.time_ns &&
               row.value == expected.value;
    EXPECT_TRUE(is_equal) << "row " << row_count << ": host" << series << " at "
                          << expected.time_ns << " is " << expected.value << ", the store "
                          << (has_row ? "has" : "has nothing") << " at " << row.time_ns << " "
                          << row.value;
    ++row_count;
    return is_equal;
  });
  EXPECT_FALSE(is_equal && rows.next(row)) << "one row too many, at " << row.time_ns;
}

void run_a_year(Where where, uint64_t parts, int scans) {
  const uint64_t seed = number_from("VARVE_YEAR_SEED", 1);
  SCOPED_TRACE("seed " + std::to_string(seed));
  YearRun year(seed, parts, where);
  uint64_t writes = 0;
  while (!::testing::Test::HasFailure() && year.write_some()) {
    if (++writes % kDeleteEvery == 0) year.delete_some();
    if (writes % kDeleteEvery == 1) year.compare(3);
  }
  const auto stage = [&](const char* name) {
    SCOPED_TRACE(name);
    if (!::testing::Test::HasFailure()) year.compare(scans);
  };
  stage("as written");
  year.open();
  stage("after the end of the process");
  ASSERT_TRUE(year.store().flush());
  stage("flushed");
  ASSERT_TRUE(year.store().compact());
  stage("compacted");
  year.delete_some();
  stage("with a delete after that");
  ASSERT_TRUE(year.store().close());
  year.open();
  stage("closed and opened");
  year.back_up_and_restore();
  stage("restored from a backup");
  year.delete_some();
  stage("with a delete after that");
  EXPECT_GT(year.model().row_count(), year.point_count() / 4) << "the deletes leave enough";
}

TEST(Year, EqualsItsModelWhateverTheOrderOfWrites) {
  const uint64_t parts = number_from("VARVE_YEAR_PARTS", 20);
  run_a_year(Where::kDisk, parts, parts == 1 ? 1'000 : 250);
}

TEST(Year, EqualsItsModelOnAnObjectStoreThatLosesItsCopies) {
  const uint64_t parts = number_from("VARVE_YEAR_PARTS", 80);
  run_a_year(Where::kObjectStore, parts, parts == 1 ? 1'000 : 60);
}

}  // namespace
}  // namespace varve
