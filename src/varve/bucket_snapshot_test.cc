// SPDX-License-Identifier: Apache-2.0
#include "varve/bucket_snapshot.h"

#include <gtest/gtest.h>

#include <future>

#include "base/checksum.h"
#include "catalog/sqlite_key_value.h"
#include "io/posix_file_system.h"
#include "io/simulated_object_store.h"
#include "io/temporary_folder.h"
#include "model/series_key.h"

namespace varve {
namespace {

constexpr int64_t kDayNs = int64_t{24} * 3600 * 1'000'000'000;

class BucketSnapshotTest : public testing::Test {
 protected:
  BucketSnapshotTest() {
    data_ = folder_.file("data");
    EXPECT_TRUE(local_.create_directories(data_ + "/engine"));
    EXPECT_TRUE(write_file_atomically(local_, data_ + "/VARVE", "format 1\n"));
    catalog_ = open_catalog(open_sqlite_key_value(data_ + "/catalog.db").value(), {}).value();
    const auto database = catalog_->create_database("d", std::nullopt).value();
    policy_ = database->policy(database->default_policy);
    table_ = catalog_
                 ->ensure_columns(policy_->id, "t",
                                  {{.name = "v", .kind = ColumnKind::kField,
                                    .type = ValueType::kFloat64}})
                 .value();
    open();
  }

  void open() {
    snapshot_.reset();
    store_.reset();
    files_.reset();
    files_ = TieredFileSystem::open(local_, objects_, {.root = data_}).value();
    engine::EngineOptions options;
    options.directory = data_ + "/engine";
    options.automatic = false;
    options.compaction_files_min = 2;
    options.sst_ids_jump = true;
    store_ = engine::LocalStore::open(options, *files_, clock_, random_, {table_->id}).value();
    snapshot_ = std::make_unique<BucketSnapshot>(BucketSnapshotParts{.local = local_,
                                                                     .files = *files_,
                                                                     .objects = objects_,
                                                                     .clock = clock_,
                                                                     .catalog = *catalog_,
                                                                     .store = *store_,
                                                                     .data_directory = data_});
  }

  void write_row(int64_t time_ns) {
    const auto segment =
        catalog_->ensure_segment(policy_->id, time_ns).value();
    WriteBatch batch;
    batch.table = table_->id;
    batch.segment = segment.id;
    batch.segment_range = segment.range;
    batch.id = {random_.next_u64(), random_.next_u64()};
    batch.columns.push_back({table_->columns.front().id, ColumnVector(ValueType::kFloat64)});
    batch.series.push_back({.hash = series_key_hash(""), .key_offset = 0, .key_size_bytes = 0});
    batch.row_series.push_back(0);
    batch.times_ns.push_back(time_ns);
    batch.columns.front().values.append_f64(1.5);
    WriteRequest request;
    request.batches.push_back(std::move(batch));
    std::promise<Result<void>> written;
    store_->write(std::move(request), [&](Result<void> done) { written.set_value(done); });
    ASSERT_TRUE(written.get_future().get());
  }

  // Every file that the newest snapshot names is there, whole; gives how many sorted ones.
  size_t check() {
    const auto text = read_object(objects_, "backup.json");
    if (!text) {
      EXPECT_EQ(text.error().code, ErrorCode::kNotFound);
      return 0;
    }
    const auto listing = engine::decode_backup_listing(*text);
    EXPECT_TRUE(listing) << listing.error().message;
    if (!listing) return 0;
    size_t sorted = 0;
    for (const engine::BackupFile& file : listing->files) {
      const auto bytes = read_object(objects_, file.stored);
      EXPECT_TRUE(bytes) << file.stored;
      if (bytes) {
        EXPECT_EQ(crc32c(*bytes), file.crc) << file.stored;
      }
      if (TieredFileSystem::is_object_name(file.path)) ++sorted;
    }
    EXPECT_TRUE(listing->missing.empty());
    return sorted;
  }

  TemporaryFolder folder_;
  std::string data_;
  PosixFileSystem local_;
  SimulatedObjectStore objects_{3};
  SimulatedClock clock_{kDayNs};
  SeededRandom random_{1};
  std::unique_ptr<Catalog> catalog_;
  PolicyRef policy_;
  TableRef table_;
  std::unique_ptr<TieredFileSystem> files_;
  std::unique_ptr<engine::LocalStore> store_;
  std::unique_ptr<BucketSnapshot> snapshot_;
};

TEST_F(BucketSnapshotTest, NamesWhatWasWrittenOutAndNothingElse) {
  write_row(1);
  ASSERT_TRUE(store_->flush());
  ASSERT_TRUE(snapshot_->run());
  EXPECT_EQ(check(), 1u);
  const uint64_t calls = objects_.calls();
  ASSERT_TRUE(snapshot_->run());
  EXPECT_EQ(objects_.calls(), calls) << "nothing changed";
  write_row(2);
  ASSERT_TRUE(store_->flush());
  ASSERT_TRUE(store_->compact());
  EXPECT_EQ(check(), 1u) << "what was merged away stays while the snapshot names it";
  ASSERT_TRUE(snapshot_->run());
  EXPECT_EQ(check(), 1u);
  EXPECT_EQ(objects_.list("engine/")->size(), 1u);
  EXPECT_EQ(objects_.list("state-1/")->size(), 0u);
}

TEST_F(BucketSnapshotTest, IsWholeWhicheverRequestFails) {
  for (uint64_t round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    write_row(static_cast<int64_t>(round));
    ASSERT_TRUE(store_->flush());
    if (round % 3 == 2) {
      ASSERT_TRUE(store_->compact());
    }
    // Some requests go through, then some fail.
    uint64_t left = round % 13;
    objects_.on_change([&left]() -> Result<void> {
      if (left-- > 0) return {};
      left = 0;
      return fail(ErrorCode::kIo, "the network is gone");
    });
    static_cast<void>(snapshot_->run());
    objects_.on_change(nullptr);
    check();
    if (round % 7 == 6) open();
    check();
    if (round % 5 == 4) {
      ASSERT_TRUE(snapshot_->run());
      EXPECT_EQ(check(), objects_.list("engine/")->size());
    }
  }
}

}  // namespace
}  // namespace varve
