// SPDX-License-Identifier: Apache-2.0
// Both stores keep the same contract: each test here runs over SQLite and over its twin.
#include "catalog/key_value.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "catalog/catalog.h"
#include "catalog/memory_key_value.h"
#include "catalog/sqlite_key_value.h"
#include "io/temporary_folder.h"

namespace varve {
namespace {

void put(KeyValue& store, std::string_view key, std::string_view value) {
  auto change = store.begin();
  ASSERT_TRUE(change);
  ASSERT_TRUE((*change)->put(key, value));
  ASSERT_TRUE((*change)->commit());
}

std::optional<std::string> get(KeyValue& store, std::string_view key) {
  auto change = store.begin();
  EXPECT_TRUE(change.has_value());
  auto value = (*change)->get(key);
  EXPECT_TRUE(value.has_value());
  return *value;
}

class KeyValueTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    if (GetParam()) {
      auto opened = open_sqlite_key_value(folder_.file("catalog.db"));
      ASSERT_TRUE(opened) << opened.error().message;
      store_ = std::move(*opened);
    } else {
      store_ = disk_.open();
    }
  }

  TemporaryFolder folder_;
  MemoryKeyValueDisk disk_;
  std::unique_ptr<KeyValue> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, KeyValueTest, testing::Bool(), [](const auto& info) {
  return info.param ? "Sqlite" : "Memory";
});

TEST_P(KeyValueTest, KeepsWhatWasCommittedAndOnlyThat) {
  put(*store_, "a", "1");
  {
    auto change = store_->begin();
    ASSERT_TRUE((*change)->put("a", "2"));
    ASSERT_TRUE((*change)->put("b", "3"));
    EXPECT_EQ(**(*change)->get("a"), "2") << "it sees its own changes";
  }
  EXPECT_EQ(get(*store_, "a"), "1");
  EXPECT_EQ(get(*store_, "b"), std::nullopt);
  reopen();
  EXPECT_EQ(get(*store_, "a"), "1");
  {
    auto change = store_->begin();
    ASSERT_TRUE((*change)->remove("a"));
    ASSERT_TRUE((*change)->remove("never there"));
    EXPECT_EQ(*(*change)->get("a"), std::nullopt);
    ASSERT_TRUE((*change)->commit());
  }
  reopen();
  EXPECT_EQ(get(*store_, "a"), std::nullopt);
}

TEST_P(KeyValueTest, ScansAPrefixInOrderOfBytes) {
  const std::string odd("p/\0x", 4);
  for (const std::string_view key : {"p/2", "p/10", "q", "p", "p0", "p/ü"}) put(*store_, key, key);
  put(*store_, odd, "zero byte");
  auto change = store_->begin();
  ASSERT_TRUE((*change)->put("p/3", "mine"));
  ASSERT_TRUE((*change)->remove("p/2"));
  const auto found = (*change)->scan("p/");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 4u);
  EXPECT_EQ((*found)[0].first, odd);
  EXPECT_EQ((*found)[1].first, "p/10");
  EXPECT_EQ((*found)[2].second, "mine");
  EXPECT_EQ((*found)[3].first, "p/ü");
  EXPECT_EQ((*change)->scan("")->size(), 7u);
}

TEST_P(KeyValueTest, RunsTransactionsOneAfterTheOther) {
  put(*store_, "n", "0");
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        auto change = store_->begin();
        ASSERT_TRUE(change);
        const int value = std::stoi(**(*change)->get("n"));
        ASSERT_TRUE((*change)->put("n", std::to_string(value + 1)));
        ASSERT_TRUE((*change)->commit());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(get(*store_, "n"), "30");
}

TEST(SqliteKeyValue, NamesTheFileThatItCannotOpen) {
  const TemporaryFolder folder;
  const auto missing = open_sqlite_key_value(folder.file("none/catalog.db"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kIo);
  EXPECT_NE(missing.error().message.find(folder.file("none/catalog.db")), std::string::npos);

  std::ofstream(folder.file("text.db")) << std::string(4096, 'x');
  const auto no_database = open_sqlite_key_value(folder.file("text.db"));
  ASSERT_FALSE(no_database);
  EXPECT_EQ(no_database.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(no_database.error().message.find(folder.file("text.db")), std::string::npos);
}

TEST(SqliteKeyValue, LeavesOneFileWhenItIsClosed) {
  const TemporaryFolder folder;
  {
    auto store = open_sqlite_key_value(folder.file("catalog.db"));
    ASSERT_TRUE(store);
    put(**store, "a", "1");
  }
  EXPECT_TRUE(std::filesystem::exists(folder.file("catalog.db")));
  EXPECT_FALSE(std::filesystem::exists(folder.file("catalog.db-wal")));
  EXPECT_FALSE(std::filesystem::exists(folder.file("catalog.db-shm")));
}

TEST(SqliteKeyValue, SurvivesACopyTakenWithoutAClose) {
  const TemporaryFolder folder;
  auto store = open_sqlite_key_value(folder.file("catalog.db"));
  ASSERT_TRUE(store);
  put(**store, "a", "1");
  // What a power failure would leave: the file and its journal as they are now.
  for (const std::string suffix : {"", "-wal"}) {
    std::filesystem::copy_file(folder.file("catalog.db") + suffix,
                               folder.file("copy.db") + suffix);
  }
  auto copy = open_sqlite_key_value(folder.file("copy.db"));
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ(get(**copy, "a"), "1");
}

TEST(CatalogFile, OpensAsAnOlderVersionWroteIt) {
  // Written once by format 1 and never again: see docs/formats/catalog.md.
  const auto golden = std::filesystem::path(VARVE_TESTDATA) / "catalog_v1.db";
  const TemporaryFolder folder;
  std::filesystem::copy_file(golden, folder.file("catalog.db"));
  std::filesystem::permissions(folder.file("catalog.db"), std::filesystem::perms::owner_all);
  auto store = open_sqlite_key_value(folder.file("catalog.db"));
  ASSERT_TRUE(store) << store.error().message;
  const auto catalog = open_catalog(std::move(*store), {});
  ASSERT_TRUE(catalog) << catalog.error().message;

  const auto telegraf = (*catalog)->snapshot()->database("telegraf");
  ASSERT_TRUE(telegraf);
  EXPECT_EQ(telegraf->id, DatabaseId{1});
  EXPECT_EQ(telegraf->default_policy, "a year");
  ASSERT_EQ(telegraf->policies.size(), 2u);
  const auto autogen = telegraf->policy("autogen");
  ASSERT_TRUE(autogen);
  EXPECT_EQ(autogen->segment_duration_ns, 604'800'000'000'000);
  ASSERT_EQ(autogen->segments.size(), 1u);
  EXPECT_EQ(autogen->segments[0].range.begin_ns, 1'577'664'000'000'000'000);
  const auto cpu = autogen->table("cpu");
  ASSERT_TRUE(cpu);
  EXPECT_EQ(cpu->mode, MergeMode::kMerge);
  ASSERT_EQ(cpu->columns.size(), 4u);
  EXPECT_EQ(cpu->tag("host")->id, ColumnId{1});
  EXPECT_EQ(cpu->field("usage", ValueType::kFloat64)->id, ColumnId{2});
  EXPECT_EQ(cpu->field("usage", ValueType::kString)->id, ColumnId{3});
  EXPECT_TRUE(cpu->field("bytes \xff", ValueType::kInt64));
  EXPECT_EQ(telegraf->policy("a year")->duration_ns, 31'536'000'000'000'000);
  // Table 2 was made and dropped: its number stays used.
  const auto made = (*catalog)->ensure_columns(autogen->id, "mem", {});
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->id, TableId{3});
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SqliteKeyValue, IsReadWithoutChangingAnything) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a ?#%41.db");
  EXPECT_EQ(open_sqlite_key_value_to_read(path).error().code, ErrorCode::kNotFound);
  put(**open_sqlite_key_value(path), "a", "1");
  // As after a crash: the journal stands beside it.
  const std::string crashed = folder.file("crashed.db");
  {
    const auto store = open_sqlite_key_value(path);
    put(**store, "a", "2");
    std::filesystem::copy(path, crashed);
    std::filesystem::copy(path + "-wal", crashed + "-wal");
  }
  for (const auto& file : {path, crashed}) {
    const std::string before = bytes_of(file) + bytes_of(file + "-wal");
    {
      const auto store = open_sqlite_key_value_to_read(file);
      ASSERT_TRUE(store) << store.error().message;
      EXPECT_EQ(get(**store, "a"), "2");
      EXPECT_EQ((*store)->check(), std::vector<std::string>());
      auto change = (*store)->begin();
      EXPECT_FALSE((*change)->put("b", "1"));
    }
    EXPECT_EQ(bytes_of(file) + bytes_of(file + "-wal"), before);
  }
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
}

TEST(SqliteKeyValue, SaysWhatIsWrongWithItsBytes) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.db");
  {
    const auto store = open_sqlite_key_value(path);
    for (int i = 0; i < 2'000; ++i) put(**store, "key" + std::to_string(i), "value");
  }
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(3 * 4096);
  file.write(std::string(64, '\x7f').data(), 64);
  file.close();
  const auto store = open_sqlite_key_value_to_read(path);
  ASSERT_TRUE(store);
  const auto complaints = (*store)->check();
  EXPECT_TRUE(!complaints || !complaints->empty());
}

}  // namespace
}  // namespace varve
