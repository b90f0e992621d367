// SPDX-License-Identifier: Apache-2.0
// A store whose sorted files are objects, and an object store that is away, slow to tell, or wrong.
#include <gtest/gtest.h>

#include "engine/testing.h"
#include "io/simulated_object_store.h"
#include "io/tiered_file_system.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{7};
using Rows = std::vector<std::string>;

class ObjectStoreTest : public ::testing::TestWithParam<SstLayout> {
 protected:
  void open() {
    store_.reset();
    tiered_.reset();
    auto files = TieredFileSystem::open(
        disk_, objects_,
        {.root = "data", .disk_bytes_max = 100'000, .block_bytes = 300, .may_change = {}});
    ASSERT_TRUE(files) << files.error().message;
    tiered_ = std::move(*files);
    EngineOptions options;
    options.directory = "data/engine";
    options.automatic = false;
    options.block_cache_bytes = 0;
    options.sst_layout = GetParam();
    options.sst_ids_jump = true;
    auto opened = LocalStore::open(options, *tiered_, clock_, random_, {kTable});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  // The log stays, every sorted file is in the object store alone.
  void lose_copies() {
    store_.reset();
    tiered_.reset();
    for (const std::string folder : {"data/engine/shard-0", "data/object-cache"}) {
      const auto names = disk_.list(folder).value();
      for (const std::string& name : names) {
        const bool is_copy = name.ends_with(".sst") || folder.ends_with("cache");
        if (is_copy) {
          ASSERT_TRUE(disk_.remove(join_path(folder, name)));
        }
      }
    }
    open();
  }
  // A start reads footers, which are all there is of small files.
  void empty_cache() {
    const auto names = disk_.list("data/object-cache").value();
    for (const std::string& name : names) {
      ASSERT_TRUE(disk_.remove(join_path("data/object-cache", name)));
    }
  }
  Result<void> write_row(int64_t time_ns, double usage) {
    return write(*store_, request_of(kTable, {{"a", time_ns, {{kUsage, usage}}}}));
  }
  Rows rows() { return rows_of(*store_, spec_of(kTable)); }
  Error scan_error() {
    auto stream = store_->scan(spec_of(kTable), nullptr);
    if (!stream) return stream.error();
    while (true) {
      auto batch = (*stream)->next();
      if (!batch) return batch.error();
      if (batch->row_count() == 0) return {};
    }
  }
  std::string only_object() {
    const auto objects = objects_.list("engine").value();
    EXPECT_EQ(objects.size(), 1u);
    return objects.front().name;
  }

  SimulatedFileSystem disk_{1};
  SimulatedObjectStore objects_{1};
  SimulatedClock clock_{1'000'000'000};
  SeededRandom random_{1};
  std::unique_ptr<TieredFileSystem> tiered_;
  std::unique_ptr<LocalStore> store_;
};

TEST_P(ObjectStoreTest, AnswersTheSameWithoutACopyOnTheDisk) {
  open();
  ASSERT_TRUE(write_row(5, 1.5));
  ASSERT_TRUE(store_->flush());
  ASSERT_TRUE(write_row(6, 2.5));
  EXPECT_EQ(rows(), (Rows{"a@5 10=1.5", "a@6 10=2.5"}));
  lose_copies();
  EXPECT_EQ(rows(), (Rows{"a@5 10=1.5", "a@6 10=2.5"}));
}

TEST_P(ObjectStoreTest, QuarantinesNothingWhileTheStoreIsAway) {
  open();
  ASSERT_TRUE(write_row(5, 1.5));
  ASSERT_TRUE(store_->flush());
  lose_copies();
  empty_cache();
  objects_.set_away(true);
  EXPECT_EQ(scan_error().code, ErrorCode::kIo);
  EXPECT_EQ(scan_error().code, ErrorCode::kIo);
  EXPECT_EQ(store_->health().quarantined_files, 0u);
  objects_.set_away(false);
  EXPECT_EQ(rows(), (Rows{"a@5 10=1.5"}));
  // Also when it goes in the middle of a scan.
  for (uint64_t calls = 0; calls < 6; ++calls) {
    lose_copies();
    empty_cache();
    objects_.fail_next(calls);
    static_cast<void>(scan_error());
    objects_.fail_next(0);
    EXPECT_EQ(rows(), (Rows{"a@5 10=1.5"}));
  }
  EXPECT_TRUE(store_->health().damage.empty());
}

TEST_P(ObjectStoreTest, QuarantinesAFileWhoseBytesAreWrongOrGone) {
  open();
  ASSERT_TRUE(write_row(5, 1.5));
  ASSERT_TRUE(store_->flush());
  objects_.flip_bit(only_object(), 100);
  objects_.flip_bit(only_object(), objects_.size_bytes(only_object()).value() - 12);
  lose_copies();
  EXPECT_TRUE(rows().empty());
  EXPECT_EQ(store_->health().quarantined_files, 1u);
  objects_.lose(only_object());
  lose_copies();
  EXPECT_TRUE(rows().empty());
  EXPECT_EQ(store_->health().quarantined_files, 1u);
}

TEST_P(ObjectStoreTest, KeepsRowsInMemoryUntilTheStoreTakesThem) {
  open();
  ASSERT_TRUE(write_row(5, 1.5));
  objects_.set_away(true);
  EXPECT_EQ(store_->flush().error().code, ErrorCode::kIo);
  ASSERT_TRUE(write_row(6, 2.5));
  EXPECT_EQ(rows(), (Rows{"a@5 10=1.5", "a@6 10=2.5"}));
  objects_.set_away(false);
  ASSERT_TRUE(store_->flush());
  EXPECT_EQ(rows(), (Rows{"a@5 10=1.5", "a@6 10=2.5"}));
  lose_copies();
  EXPECT_EQ(rows(), (Rows{"a@5 10=1.5", "a@6 10=2.5"}));
  EXPECT_TRUE(store_->health().damage.empty());
}

TEST_P(ObjectStoreTest, RemovesWhatNoManifestNamesAtTheNextStart) {
  open();
  ASSERT_TRUE(write_row(5, 1.5));
  ASSERT_TRUE(store_->flush());
  const std::string named = only_object();
  ASSERT_TRUE(objects_.put("engine/shard-0/999.sst", "a flush that did not end"));
  open();
  EXPECT_EQ(tiered_->removed_objects(), std::vector<std::string>{"engine/shard-0/999.sst"});
  ASSERT_TRUE(tiered_->delete_removed(tiered_->removed_objects()));
  EXPECT_EQ(only_object(), named);
}

TEST_P(ObjectStoreTest, NeverTakesANumberOfAFileTwice) {
  open();
  ASSERT_TRUE(write_row(5, 1.5));
  // Some requests of this flush may arrive although it failed, and after the next start.
  objects_.fail_next(1);
  EXPECT_FALSE(store_->flush());
  const auto before = objects_.list("engine").value();
  open();
  ASSERT_TRUE(store_->flush());
  const auto after = objects_.list("engine").value();
  EXPECT_EQ(after.size(), before.size() + 1);
}

INSTANTIATE_TEST_SUITE_P(Layouts, ObjectStoreTest,
                         ::testing::Values(SstLayout::kColumnar, SstLayout::kHybrid,
                                           SstLayout::kPacked));

}  // namespace
}  // namespace varve::engine
