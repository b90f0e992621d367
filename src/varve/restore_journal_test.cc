// SPDX-License-Identifier: Apache-2.0
#include "varve/restore_journal.h"

#include <gtest/gtest.h>

#include "catalog/memory_key_value.h"
#include "io/simulated_file_system.h"

namespace varve {
namespace {

class DroppedTables final : public StoreAdmin {
 public:
  Result<void> flush() override { return {}; }
  Result<void> drop_tables(const std::vector<TableId>& tables) override {
    dropped.insert(dropped.end(), tables.begin(), tables.end());
    return {};
  }
  Result<void> drop_segments(const std::vector<SegmentId>&) override { return {}; }
  std::vector<TableId> dropped;
};

class RestoreJournalTest : public ::testing::Test {
 protected:
  TableRef make(const char* database, const char* policy, const char* table) {
    EXPECT_TRUE(catalog_->create_database(database, std::nullopt));
    const auto made = catalog_->create_policy(database, {.name = policy, .duration_ns = 0});
    EXPECT_TRUE(made) << made.error().message;
    return catalog_->ensure_columns((*made)->id, table, {}).value();
  }
  Result<void> start() { return undo_interrupted_restore(files_, "data", *catalog_, store_); }

  SimulatedFileSystem files_;
  MemoryKeyValueDisk disk_;
  std::unique_ptr<Catalog> catalog_ = open_catalog(disk_.open(), {}).value();
  DroppedTables store_;
};

TEST_F(RestoreJournalTest, UndoesWhatAnInterruptedRestoreMade) {
  ASSERT_TRUE(files_.create_directories("data"));
  ASSERT_TRUE(start());
  const auto kept = make("kept", "p", "cpu");
  const auto made = make("made", "p", "cpu");
  ASSERT_TRUE(write_restore_journal(files_, "data",
                                    {.database = "made", .makes_database = true}));
  ASSERT_TRUE(start());
  EXPECT_FALSE(catalog_->snapshot()->database("made"));
  EXPECT_TRUE(catalog_->snapshot()->database("kept"));
  EXPECT_EQ(store_.dropped, std::vector<TableId>{made->id});
  EXPECT_FALSE(files_.exists(restore_journal_path("data")).value());

  const auto table = make("kept", "p2", "mem\xff");
  ASSERT_TRUE(write_restore_journal(files_, "data",
                                    {.database = "kept",
                                     .makes_database = false,
                                     .policies = {"p2", "never made"},
                                     .tables = {{"p", "never made"}, {"p2", "mem\xff"}}}));
  ASSERT_TRUE(start());
  const auto database = catalog_->snapshot()->database("kept");
  EXPECT_FALSE(database->policy("p2"));
  EXPECT_TRUE(database->policy("p")->table("cpu"));
  EXPECT_EQ(store_.dropped.back(), table->id);
}

TEST_F(RestoreJournalTest, StartsWithADamagedJournalAndKeepsIt) {
  ASSERT_TRUE(files_.create_directories("data"));
  ASSERT_TRUE(write_file_atomically(files_, restore_journal_path("data"), "{\"database\":[1"));
  EXPECT_TRUE(start());
  EXPECT_TRUE(files_.exists(restore_journal_path("data")).value());
}

}  // namespace
}  // namespace varve
