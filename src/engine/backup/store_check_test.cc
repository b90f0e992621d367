// SPDX-License-Identifier: Apache-2.0
#include "engine/backup/store_check.h"

#include <gtest/gtest.h>

#include "engine/sst/sst_reader.h"
#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{1};

EngineOptions options(SstLayout layout = SstLayout::kColumnar) {
  EngineOptions options;
  options.sst_layout = layout;
  options.directory = "data";
  options.automatic = false;
  options.wal_segment_bytes = 4'096;
  return options;
}

std::string text_of(std::monostate) { return "none"; }
std::string text_of(const std::string& text) { return text; }
template <class T>
std::string text_of(T number) {
  return std::to_string(number);
}

// Every cell of a file, or why it cannot be read.
std::string contents_of(FileSystem& files, const std::string& path) {
  const auto reader = open_sst(files, path);
  if (!reader) return "error";
  std::string text;
  const auto add = [&](const Result<std::shared_ptr<const DecodedColumn>>& column) {
    if (!column) return static_cast<void>(text += " error");
    const ColumnView& cells = (*column)->view();
    for (size_t row = 0; row < cells.row_count; ++row) {
      text += " " + std::visit([](const auto& value) { return text_of(value); }, cells.at(row));
    }
  };
  for (uint32_t group = 0; group < (*reader)->row_group_count(); ++group) {
    add((*reader)->read_times(group));
    for (uint32_t field = 0; field < (*reader)->fields().size(); ++field) {
      add((*reader)->read_field(group, field));
    }
  }
  SeriesCursor cursor(**reader);
  auto next = cursor.next();
  for (; next && *next; next = cursor.next()) text += cursor.series().ref().key;
  return next ? text : "error";
}

class StoreCheck : public ::testing::Test {
 protected:
  // Rows in a sorted file, and others in the WAL.
  void SetUp() override { fill(options()); }
  void fill(const EngineOptions& chosen) {
    auto store = LocalStore::open(chosen, files_, SystemClock::instance(), random_, {kTable});
    ASSERT_TRUE(write(**store, request_of(kTable, rows(100))));
    ASSERT_TRUE((*store)->flush());
    ASSERT_TRUE(write(**store, request_of(kTable, rows(3))));
    ASSERT_TRUE(write(**store, request_of(kTable, rows(4))));
    store_ = std::move(*store);
  }
  static std::vector<TestRow> rows(int64_t count) {
    std::vector<TestRow> rows;
    for (int64_t i = 0; i < count; ++i) {
      rows.push_back({i % 2 == 0 ? "a" : "b", i, {{kCount, i}, {kState, std::string("x")}}});
    }
    return rows;
  }
  // Every sentence of a check at rest.
  std::vector<std::string> check() {
    std::vector<std::string> sentences;
    const CheckReport report{.damage =
                                 [&](const std::string& sentence) {
                                   sentences.push_back(sentence);
                                   return Result<void>();
                                 },
                             .on_bytes = nullptr,
                             .table_name = [](TableId) { return "cpu"; }};
    const auto summary = check_store_at_rest(files_, "data", report);
    EXPECT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary ? summary->damaged : 0, sentences.size());
    return sentences;
  }
  std::string find(const std::string& folder, std::string_view part) {
    const auto names = files_.list(folder).value();
    for (const std::string& name : names) {
      if (name.find(part) != std::string::npos) return folder + "/" + name;
    }
    return "";
  }

  SimulatedFileSystem files_;
  SeededRandom random_{1};
  std::unique_ptr<LocalStore> store_;
};

TEST_F(StoreCheck, FindsNothingInASoundStore) {
  EXPECT_EQ(check(), std::vector<std::string>());
  const auto frozen = store_->freeze().value();
  const CheckReport report{
      .damage = [](const std::string& sentence) -> Result<void> {
        ADD_FAILURE() << sentence;
        return {};
      },
      .on_bytes = nullptr,
      .table_name = nullptr};
  EXPECT_EQ(check_running_store(files_, frozen, report)->damaged, 0U);
}

TEST_F(StoreCheck, NamesTheFileOfEveryFlippedByteThatMatters) {
  store_.reset();
  const auto flips = [&](const std::string& path, uint64_t begin, uint64_t end) {
    ASSERT_FALSE(path.empty());
    for (uint64_t offset = begin; offset < end; ++offset) {
      files_.flip_bit(path, offset, offset % 8);
      const auto sentences = check();
      EXPECT_FALSE(sentences.empty()) << path << " at byte " << offset;
      for (const std::string& sentence : sentences) {
        EXPECT_TRUE(sentence.starts_with(path)) << sentence << " at byte " << offset;
      }
      files_.flip_bit(path, offset, offset % 8);
    }
  };
  const std::string sst = "data/shard-0/1.sst";
  const uint64_t sst_bytes = read_file(files_, sst)->size();
  // The footer, but not the last magic number, and the first column: time.
  flips(sst, sst_bytes - 200, sst_bytes - 8);
  flips(sst, 4, 40);
  // The last record of a log may be torn, the one before may not; the header is in the name too.
  flips(find("data/shard-0/wal", ".wal"), 64, 120);
  flips(find("data/shard-0", "MANIFEST-"), 0, 16);
}

TEST_F(StoreCheck, FindsEveryFlippedByteOfASortedFileThatChangesARow) {
  for (const auto layout : {SstLayout::kColumnar, SstLayout::kHybrid, SstLayout::kPacked}) {
    store_.reset();
    for (const char* name : {"data/shard-0/CURRENT", "data/shard-0/1.sst"}) {
      ASSERT_TRUE(files_.remove(name));
    }
    for (const std::string part : {"MANIFEST-", ".wal"}) {
      const std::string folder = part == ".wal" ? "data/shard-0/wal" : "data/shard-0";
      for (std::string path = find(folder, part); !path.empty(); path = find(folder, part)) {
        ASSERT_TRUE(files_.remove(path));
      }
    }
    fill(options(layout));
    store_.reset();
    const std::string sst = "data/shard-0/1.sst";
    const std::string sound = contents_of(files_, sst);
    ASSERT_GT(sound.size(), 100U);
    const uint64_t size_bytes = read_file(files_, sst)->size();
    size_t found = 0;
    for (uint64_t offset = 0; offset < size_bytes; offset += 3) {
      files_.flip_bit(sst, offset, offset % 8);
      if (contents_of(files_, sst) != sound) {
        EXPECT_FALSE(check().empty()) << to_string(layout) << " at byte " << offset;
        ++found;
      }
      files_.flip_bit(sst, offset, offset % 8);
    }
    EXPECT_GT(found, size_bytes / 3 / 4) << to_string(layout);
  }
}

TEST_F(StoreCheck, SaysWhichRowsALostFileTakes) {
  store_.reset();
  ASSERT_TRUE(files_.remove("data/shard-0/1.sst"));
  EXPECT_EQ(check(), std::vector<std::string>{
                         "data/shard-0/1.sst is missing; 100 rows of cpu between 0 and 99 ns are "
                         "left out of answers"});
}

TEST_F(StoreCheck, SaysThatTheManifestIsGone) {
  store_.reset();
  ASSERT_TRUE(files_.remove("data/shard-0/CURRENT"));
  const auto sentences = check();
  ASSERT_EQ(sentences.size(), 1U);
  EXPECT_TRUE(sentences[0].starts_with("data/shard-0/CURRENT is missing")) << sentences[0];
}

TEST_F(StoreCheck, LooksAtTheFilesBehindADamagedPointer) {
  store_.reset();
  files_.flip_bit("data/shard-0/CURRENT", 0, 1);
  ASSERT_TRUE(files_.remove("data/shard-0/1.sst"));
  const auto sentences = check();
  ASSERT_EQ(sentences.size(), 2U);
  EXPECT_TRUE(sentences[0].starts_with("data/shard-0/CURRENT is damaged")) << sentences[0];
  EXPECT_TRUE(sentences[1].starts_with("data/shard-0/1.sst is missing")) << sentences[1];
}

TEST_F(StoreCheck, FindsAWrongNumberOfShards) {
  store_.reset();
  files_.flip_bit("data/SHARDS", 0, 1);
  const auto sentences = check();
  ASSERT_EQ(sentences.size(), 1U);
  EXPECT_TRUE(sentences[0].starts_with("data/SHARDS is damaged")) << sentences[0];
  ASSERT_TRUE(files_.remove("data/SHARDS"));
  EXPECT_TRUE(check().at(0).starts_with("data/SHARDS is missing"));
}

TEST_F(StoreCheck, FindsLogFilesThatAreMissingOrCut) {
  // More than one segment of records that are in no sorted file.
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(write(*store_, request_of(kTable, rows(50))));
  store_.reset();
  const std::string folder = "data/shard-0/wal";
  std::vector<std::string> segments;
  const auto names = files_.list(folder).value();
  for (const std::string& name : names) {
    if (name.ends_with(".wal")) segments.push_back(folder + "/" + name);
  }
  std::ranges::sort(segments);
  ASSERT_GT(segments.size(), 3U);
  ASSERT_EQ(check(), std::vector<std::string>());

  const std::string victim = segments[segments.size() - 2];
  const std::string sound = read_file(files_, victim).value();
  ASSERT_TRUE(files_.remove(victim));
  auto sentences = check();
  ASSERT_EQ(sentences.size(), 1U);
  EXPECT_TRUE(sentences[0].starts_with(segments.back() + " does not follow")) << sentences[0];

  ASSERT_TRUE(write_file_atomically(files_, victim, std::string_view(sound).substr(0, 300)));
  sentences = check();
  ASSERT_EQ(sentences.size(), 2U);
  EXPECT_TRUE(sentences[0].starts_with(victim + " was cut inside a record")) << sentences[0];
}

TEST_F(StoreCheck, FindsADamagedSeriesSnapshot) {
  store_.reset();
  EngineOptions chosen = options();
  chosen.series_snapshot_series_min = 1;
  store_ = LocalStore::open(chosen, files_, SystemClock::instance(), random_, {kTable}).value();
  ASSERT_TRUE(store_->flush());
  ASSERT_TRUE(store_->close());
  store_.reset();
  const std::string path = "data/shard-0/1.series";
  ASSERT_TRUE(files_.exists(path).value());
  EXPECT_EQ(check(), std::vector<std::string>());
  files_.flip_bit(path, read_file(files_, path)->size() / 2, 3);
  const auto sentences = check();
  ASSERT_EQ(sentences.size(), 1U);
  EXPECT_TRUE(sentences[0].starts_with(path + " cannot be used")) << sentences[0];
}

TEST_F(StoreCheck, AStoreWritesAWrongNumberOfShardsAnewWhenTheFoldersTell) {
  store_.reset();
  files_.flip_bit("data/SHARDS", 0, 1);
  auto store = LocalStore::open(options(), files_, SystemClock::instance(), random_, {kTable});
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->health().damage.size(), 1U);
  EXPECT_EQ(read_file(files_, "data/SHARDS").value(), "1\n");
  EngineOptions two = options();
  two.shards = 2;
  store->reset();
  EXPECT_EQ(LocalStore::open(two, files_, SystemClock::instance(), random_, {kTable}).error().code,
            ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace varve::engine
