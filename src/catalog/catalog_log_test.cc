// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/checksum.h"
#include "catalog/catalog_choice.h"
#include "catalog/logged_key_value.h"
#include "io/simulated_file_system.h"
#include "io/temporary_folder.h"

namespace varve {
namespace {

const std::string kPath = "/catalog.log";

VisitCatalogEntries from(const CatalogEntries& entries) {
  return [&entries](const OnCatalogEntry& on_entry) -> Result<void> {
    for (const auto& [key, value] : entries) TRY_VOID(on_entry(key, value));
    return {};
  };
}

/// What the log says at its end, which a crash may have torn; nothing when it lacks something.
std::optional<CatalogEntries> content_of(FileSystem& files) {
  auto log = read_catalog_log(read_file(files, kPath).value());
  EXPECT_TRUE(log) << log.error().message;
  log->is_torn = false;
  const auto choice = choose_catalog(*log, std::nullopt);
  if (choice.is_lossy) return std::nullopt;
  return choice.entries;
}

std::string whole_log(SimulatedFileSystem& files) {
  CatalogLogWriter writer(files, kPath);
  EXPECT_TRUE(writer.wants_beginning());
  EXPECT_TRUE(writer.begin(7, from({{"db/1", "1{\"name\":\"a\"}"}, {"next/db", "1{\"next\":2}"}})));
  EXPECT_FALSE(writer.wants_beginning());
  EXPECT_TRUE(writer.append({.generation = 8, .edits = {{"db/2", "1{}"}, {"db/1", std::nullopt}}}));
  EXPECT_TRUE(writer.append({.generation = 9, .edits = {{std::string("k\0\xff", 3), ""}}}));
  return read_file(files, kPath).value();
}

TEST(CatalogLog, HasTheBytesThatItsFormatSays) {
  SimulatedFileSystem files;
  const std::string bytes = whole_log(files);
  const auto path = std::filesystem::path(VARVE_TESTDATA) / "catalog_v1.log";
  if (std::getenv("VARVE_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << bytes;
  std::ifstream golden(path, std::ios::binary);
  EXPECT_EQ(bytes, std::string(std::istreambuf_iterator<char>(golden), {}));
}

TEST(CatalogLog, IsReadAsItWasWritten) {
  SimulatedFileSystem files;
  const auto log = read_catalog_log(whole_log(files));
  ASSERT_TRUE(log);
  EXPECT_EQ(log->snapshot_generation, 7u);
  EXPECT_TRUE(log->is_snapshot_whole);
  EXPECT_EQ(log->snapshot.size(), 2u);
  ASSERT_EQ(log->changes.size(), 2u);
  EXPECT_EQ(log->changes[1].generation, 9u);
  EXPECT_FALSE(log->is_torn);
  EXPECT_TRUE(log->damage.empty());
  EXPECT_EQ(content_of(files),
            (CatalogEntries{{"db/2", "1{}"}, {"next/db", "1{\"next\":2}"}, {{"k\0\xff", 3}, ""}}));
}

TEST(CatalogLog, LosesNoChangeByAFlippedBit) {
  SimulatedFileSystem files;
  const std::string bytes = whole_log(files);
  // Its end, which the header says.
  const size_t snapshot_bytes = 16 + static_cast<unsigned char>(bytes[4]);
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[at] ^= static_cast<char>(1 << bit);
      const auto log = read_catalog_log(flipped);
      ASSERT_TRUE(log);
      EXPECT_EQ(log->changes.size(), 2u) << at;
      EXPECT_EQ(log->is_snapshot_whole, at >= snapshot_bytes) << at;
      EXPECT_TRUE(log->is_torn || !log->damage.empty()) << at;
    }
  }
}

TEST(CatalogLog, KnowsWhereverItWasCut) {
  SimulatedFileSystem files;
  const std::string bytes = whole_log(files);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto log = read_catalog_log(std::string_view(bytes).substr(0, size));
    ASSERT_TRUE(log);
    const bool is_at_the_end_of_a_copy =
        !log->is_torn && (log->changes.size() == 1 || log->changes.empty());
    EXPECT_TRUE(log->is_torn || is_at_the_end_of_a_copy) << size;
  }
}

TEST(CatalogLog, RefusesWhatANewerVarveWrote) {
  SimulatedFileSystem files;
  std::string bytes = whole_log(files);
  // Format 2 in the first record, its checksums made right.
  bytes[16] = 2;
  const size_t size = static_cast<unsigned char>(bytes[4]);
  const auto put = [&](size_t at, uint32_t number) {
    for (int i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(number >> (8 * i));
  };
  put(8, crc32c(std::string_view(bytes).substr(16, size)));
  put(12, crc32c(std::string_view(bytes).substr(0, 12)));
  EXPECT_EQ(read_catalog_log(bytes).error().code, ErrorCode::kUnsupported);
}

CatalogChange change_of(uint64_t generation, const std::string& key, size_t size_bytes) {
  return {.generation = generation, .edits = {{.key = key, .value = std::string(size_bytes, 'x')}}};
}

TEST(CatalogLog, ForgetsAChangeThatIsTakenBack) {
  SimulatedFileSystem files;
  CatalogLogWriter log(files, "log");
  ASSERT_TRUE(log.begin(1, [](const OnCatalogEntry&) { return Result<void>(); }));
  ASSERT_TRUE(log.append(change_of(2, "refused", 10'000)));
  log.take_back();
  ASSERT_TRUE(log.append(change_of(2, "made", 10)));
  const auto content = read_catalog_log(*read_file(files, "log"));
  ASSERT_TRUE(content);
  EXPECT_EQ(content->changes, std::vector{change_of(2, "made", 10)});
  EXPECT_FALSE(content->is_torn);
  EXPECT_TRUE(content->damage.empty());
}

TEST(CatalogLog, IsBegunAnewWhenItHasGrownOverManyStarts) {
  SimulatedFileSystem files;
  {
    CatalogLogWriter log(files, "log");
    ASSERT_TRUE(log.begin(1, [](const OnCatalogEntry& on_entry) { return on_entry("a", "b"); }));
    for (uint64_t i = 2; i < 5; ++i) ASSERT_TRUE(log.append(change_of(i, "k", 1 << 20)));
  }
  const std::string bytes = *read_file(files, "log");
  ASSERT_GT(bytes.size(), 6u << 20);
  CatalogLogWriter next(files, "log");
  ASSERT_TRUE(next.go_on(bytes.size(), read_catalog_log(bytes)->snapshot_bytes));
  EXPECT_TRUE(next.wants_beginning());
}

class LoggedKeyValueTest : public testing::Test {
 protected:
  std::unique_ptr<LoggedKeyValue> open() {
    auto database = SqliteKeyValue::open(folder_.file("catalog.db"), SqliteSync::kCheckpoints);
    EXPECT_TRUE(database);
    return std::make_unique<LoggedKeyValue>(*files_, kPath, std::move(*database), 0);
  }
  void renew(uint64_t seed) {
    for (const char* name : {"catalog.db", "catalog.db-wal"}) {
      std::filesystem::remove(folder_.file(name));
    }
    files_ = std::make_unique<SimulatedFileSystem>(seed);
  }
  static Result<void> put(KeyValue& store, const std::string& key) {
    const auto change = TRY(store.begin());
    TRY_VOID(change->put(key, "value of " + key));
    return change->commit();
  }
  static CatalogEntries entries_of(KeyValue& store) {
    const auto found = (*store.begin())->scan("");
    return {found->begin(), found->end()};
  }

  TemporaryFolder folder_;
  std::unique_ptr<SimulatedFileSystem> files_ = std::make_unique<SimulatedFileSystem>();
};

TEST_F(LoggedKeyValueTest, KeepsEveryAcknowledgedChangeWhereverThePowerFails) {
  int calls = 0;
  for (bool finished = false; !finished; ++calls) {
    renew(static_cast<uint64_t>(calls));
    files_->lose_power_after(static_cast<uint64_t>(calls));
    std::vector<std::string> acknowledged;
    {
      const auto store = open();
      for (int i = 0; i < 6; ++i) {
        // In the middle, as if it had grown long.
        if (i == 3) static_cast<void>(store->begin_log());
        const std::string key = "k" + std::to_string(i);
        if (put(*store, key)) acknowledged.push_back(key);
      }
    }
    finished = !files_->power_lost();
    files_->restart();
    if (!files_->exists(kPath).value()) {
      EXPECT_TRUE(acknowledged.empty());
      continue;
    }
    const auto content = content_of(*files_);
    ASSERT_TRUE(content) << "after " << calls << " calls";
    for (const std::string& key : acknowledged) EXPECT_TRUE(content->contains(key));
    EXPECT_LE(content->size(), acknowledged.size() + 1);
  }
  EXPECT_GT(calls, 12);
}

TEST_F(LoggedKeyValueTest, RefusesAChangeThatTheLogDoesNotTakeAndGoesOn) {
  for (const ErrorCode code : {ErrorCode::kNoSpace, ErrorCode::kIo}) {
    for (uint64_t after = 0; after < 4; ++after) {
      renew(after);
      auto store = open();
      ASSERT_TRUE(put(*store, "first"));
      files_->fail_calls(after, 1, code);
      std::vector<std::string> refused;
      for (const char* key : {"second", "third"}) {
        if (!put(*store, key)) refused.push_back(key);
      }
      EXPECT_EQ(refused.size(), files_->calls_failed()) << after;
      files_->fail_calls(0, 0, code);
      ASSERT_TRUE(put(*store, "last"));
      const auto entries = entries_of(*store);
      EXPECT_EQ(entries.size(), 4 - refused.size());
      for (const std::string& key : refused) EXPECT_FALSE(entries.contains(key));
      EXPECT_EQ(content_of(*files_), entries) << "both say the same";
    }
  }
}

TEST_F(LoggedKeyValueTest, IsReadWhileTheDiskIsFull) {
  const auto store = open();
  ASSERT_TRUE(put(*store, "first"));
  files_->set_capacity_bytes(0);
  EXPECT_EQ(put(*store, "second").error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(entries_of(*store).size(), 1u);
  EXPECT_EQ(put(*store, "second").error().code, ErrorCode::kNoSpace);
  files_->set_capacity_bytes(1 << 30);
  EXPECT_TRUE(put(*store, "second"));
}

TEST_F(LoggedKeyValueTest, BeginsItsLogAnewWhenItHasGrown) {
  const auto store = open();
  const std::string value(64 * 1024, 'x');
  for (int i = 0; i < 200; ++i) {
    const auto change = store->begin().value();
    ASSERT_TRUE(change->put("same", value + std::to_string(i)));
    ASSERT_TRUE(change->commit());
  }
  EXPECT_LT(read_file(*files_, kPath)->size(), 6u << 20) << "200 changes take 26 MB";
  EXPECT_EQ(content_of(*files_), entries_of(*store));
}

}  // namespace
}  // namespace varve
