// SPDX-License-Identifier: Apache-2.0
#include "varve/inspection.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "catalog/catalog.h"
#include "catalog/sqlite_key_value.h"
#include "engine/local_store.h"
#include "io/random.h"
#include "io/simulated_file_system.h"
#include "io/temporary_folder.h"

namespace varve {
namespace {

constexpr ColumnId kValue{2};

// A store with three rows in a sorted file and two in its WAL.
class InspectionTest : public testing::Test {
 protected:
  void SetUp() override {
    engine::EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.wal_segment_bytes = 65'536;
    options.sst_layout = engine::SstLayout::kColumnar;
    auto store = engine::LocalStore::open(options, files_, SystemClock::instance(), random_,
                                          {TableId{7}}).value();
    write(*store, 3);
    ASSERT_TRUE(store->flush());
    write(*store, 2);
    store.reset();
    const auto names = files_.list("data/shard-0").value();
    for (const std::string& name : names) {
      if (name.starts_with("MANIFEST-")) manifest_ = "data/shard-0/" + name;
    }
    const auto segments = files_.list("data/shard-0/wal").value();
    for (const std::string& name : segments) {
      if (name.ends_with(".wal")) wal_ = "data/shard-0/wal/" + name;
    }
  }

  static void write(Store& store, int64_t rows) {
    WriteBatch batch;
    batch.table = TableId{7};
    batch.segment = SegmentId{5};
    batch.segment_range = {.begin_ns = 0, .end_ns = 1'000'000'000};
    batch.key_bytes = encode_series_key({{.column = ColumnId{1}, .text = "a"}});
    batch.series.push_back({.hash = series_key_hash(batch.key_bytes),
                            .key_offset = 0,
                            .key_size_bytes = static_cast<uint32_t>(batch.key_bytes.size())});
    ColumnVector values(ValueType::kFloat64);
    for (int64_t i = 0; i < rows; ++i) {
      batch.row_series.push_back(0);
      batch.times_ns.push_back(i * 1'000'000);
      values.append_f64(1.5);
    }
    batch.columns.push_back({.id = kValue, .values = std::move(values)});
    WriteRequest request;
    request.batches.push_back(std::move(batch));
    std::promise<bool> done;
    store.write(std::move(request), [&](Result<void> outcome) { done.set_value(bool(outcome)); });
    ASSERT_TRUE(done.get_future().get());
  }

  SimulatedFileSystem files_;
  SeededRandom random_{3};
  std::string wal_;
  std::string manifest_;
};

TEST_F(InspectionTest, TellsWhatStandsInAWalSegment) {
  const auto told = inspect_wal(files_, wal_).value();
  EXPECT_EQ(told["records"], 2U);
  EXPECT_EQ(told["rows"], 5U);
  EXPECT_EQ(told["torn_at_the_end"], false);
  EXPECT_TRUE(told["damage"].empty());
  EXPECT_EQ(told["batches"][1]["lsn"], 2U);
  EXPECT_EQ(told["batches"][1]["table"], 7U);
  EXPECT_EQ(told["batches"][1]["time_last"], "1970-01-01T00:00:00.001Z");
  files_.flip_bit(wal_, 150, 2);
  const auto damaged = inspect_wal(files_, wal_).value();
  ASSERT_EQ(damaged["damage"].size(), 1U);
  EXPECT_EQ(damaged["damage"][0]["offset"], 64U);
  const auto refused = inspect_wal(files_, manifest_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("not named like a WAL segment"), std::string::npos);
}

TEST_F(InspectionTest, TellsWhatStandsInAManifest) {
  const auto told = inspect_manifest(files_, manifest_).value();
  EXPECT_EQ(told["files"], 1U);
  EXPECT_EQ(told["rows"], 3U);
  EXPECT_EQ(told["edits"].back()["added"], "1");
  EXPECT_EQ(told["sorted_files"][0]["file"], "1.sst");
  EXPECT_TRUE(told["damage"].empty());
  files_.flip_bit(manifest_, 2, 2);
  const auto damaged = inspect_manifest(files_, manifest_).value();
  ASSERT_EQ(damaged["damage"].size(), 1U);
  EXPECT_EQ(damaged["damage"][0]["offset"], 0U);
}

TEST_F(InspectionTest, TellsWhatStandsInASortedFile) {
  const auto told = inspect_sst(files_, "data/shard-0/1.sst").value();
  EXPECT_EQ(told["rows"], 3U);
  EXPECT_EQ(told["series"], 1U);
  EXPECT_EQ(told["table"], 7U);
  EXPECT_EQ(told["time_last"], "1970-01-01T00:00:00.002Z");
  EXPECT_EQ(told["layout"], "columnar");
  EXPECT_TRUE(told["damage"].empty());
  ASSERT_GE(told["columns"].size(), 2U);
  EXPECT_EQ(told["columns"][0]["column"], "time");
  EXPECT_EQ(told["columns"][0]["compression"], "zstd");
  const std::string text = inspection_text(told);
  EXPECT_NE(text.find("\ncolumns\n  column"), std::string::npos) << text;
  EXPECT_EQ(Inspection::parse(inspection_json(told)), told);
}

TEST_F(InspectionTest, NeverFailsBadlyWhateverTheFilesHold) {
  SeededRandom random(11);
  const auto look = [&](const std::string& bytes) {
    const std::string wal_name = wal_.substr(wal_.rfind('/') + 1);
    for (const std::string& name : {wal_name, std::string("any")}) {
      ASSERT_TRUE(write_file_atomically(files_, name, bytes));
      for (const auto& told :
           {inspect_wal(files_, name), inspect_manifest(files_, name), inspect_sst(files_, name)}) {
        EXPECT_FALSE(told ? inspection_text(*told).empty() : told.error().message.empty());
      }
    }
  };
  look("");
  for (int i = 0; i < 200; ++i) {
    std::string bytes(random.next_u64() % 3'000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.next_u64());
    look(bytes);
  }
  // Real files with some bytes changed and cut short.
  for (const std::string& path : {wal_, manifest_, std::string("data/shard-0/1.sst")}) {
    std::string bytes = read_file(files_, path).value();
    bytes.resize(std::min<size_t>(bytes.size(), 4'096));
    for (int i = 0; i < 200; ++i) {
      std::string changed = bytes;
      for (int j = 0; j < 3; ++j) {
        changed[random.next_u64() % changed.size()] = static_cast<char>(random.next_u64());
      }
      if (i % 4 == 0) changed.resize(random.next_u64() % changed.size());
      look(changed);
    }
  }
}

TEST(InspectionOfACatalog, TellsNamesAndSurvivesAnyBytes) {
  const TemporaryFolder folder;
  const std::string path = folder.file("catalog.db");
  {
    const auto catalog = open_catalog(open_sqlite_key_value(path).value(), {}).value();
    ASSERT_TRUE(catalog->create_database("plant", std::nullopt));
    const auto policy = catalog->snapshot()->database("plant")->policies[0];
    ASSERT_TRUE(catalog->ensure_columns(policy->id, "cpu\n",
                                        {{.name = "host", .kind = ColumnKind::kTag},
                                         {.name = "v", .kind = ColumnKind::kField}}));
  }
  const auto told = inspect_catalog(path).value();
  EXPECT_TRUE(told["damage"].empty());
  EXPECT_EQ(told["policies"][0]["policy"], "autogen");
  EXPECT_EQ(told["tables"][0]["fields"], 1U);
  EXPECT_NE(inspection_text(told).find("cpu?"), std::string::npos);
  EXPECT_EQ(inspect_catalog(folder.file("none")).error().code, ErrorCode::kNotFound);
  std::string bytes;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  SeededRandom random(5);
  for (int i = 0; i < 100; ++i) {
    std::string changed = bytes;
    for (int j = 0; j < 20; ++j) {
      changed[random.next_u64() % changed.size()] = static_cast<char>(random.next_u64());
    }
    std::ofstream(path, std::ios::binary) << changed;
    const auto seen = inspect_catalog(path);
    EXPECT_FALSE(seen ? inspection_json(*seen).empty() : seen.error().message.empty());
  }
}

}  // namespace
}  // namespace varve
