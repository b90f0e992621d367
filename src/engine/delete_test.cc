// SPDX-License-Identifier: Apache-2.0
// Rows that are deleted: gone for the next scan and for good, wherever their cells stand.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{1};
constexpr TableId kOther{2};
const std::string kFolder = "data/shard-0";

using Rows = std::vector<std::string>;

class Delete : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  static EngineOptions manual() {
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.wal_segment_bytes = 64 * 1024;
    options.compaction_files_min = 3;
    return options;
  }
  void open() {
    store.reset();
    auto opened = LocalStore::open(manual(), files, clock, random, {kTable, kOther});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  void put(const std::vector<TestRow>& rows, MergeMode mode = MergeMode::kMerge) {
    ASSERT_TRUE(write(*store, request_of(kTable, rows, mode)));
  }
  void flush() { ASSERT_TRUE(store->flush()); }
  void compact() {
    const auto compacted = store->compact();
    ASSERT_TRUE(compacted) << compacted.error().message;
  }
  void remove(Predicate predicate, TimeRange range = {}) {
    const auto removed =
        store->remove({.table = kTable, .range = range, .predicate = std::move(predicate)});
    ASSERT_TRUE(removed) << removed.error().message;
  }
  Rows rows() {
    auto found = rows_of(*store, spec_of(kTable));
    std::ranges::sort(found);
    return found;
  }
  Rows hosts() {
    Rows names;
    const auto listed = store->list_series({.table = kTable, .range = {}, .predicate = {}});
    for (const SeriesRef& series : listed->series) {
      for (const std::string name : {"a", "b", "c"}) {
        if (series.hash == series_key_hash(key_of(name))) names.push_back(name);
      }
    }
    std::ranges::sort(names);
    return names;
  }
  std::vector<ColumnId> columns() { return *store->list_columns(kTable, {}); }
  size_t sst_count() { return store->stats(kTable).sst_count; }
  /// The same rows in memory, in files, after a restart, after a merge, and after one more restart.
  void expect_everywhere(const Rows& expected) {
    EXPECT_EQ(rows(), expected) << "at once";
    open();
    EXPECT_EQ(rows(), expected) << "after a restart";
    flush();
    EXPECT_EQ(rows(), expected) << "after a flush";
    open();
    EXPECT_EQ(rows(), expected) << "after a flush and a restart";
    compact();
    EXPECT_EQ(rows(), expected) << "after a merge";
    open();
    EXPECT_EQ(rows(), expected) << "after a merge and a restart";
  }
  static Predicate host(const std::string& name) {
    return Predicate::compare_tag(kHost, CompareOp::kEqual, name);
  }
  static Predicate usage_above(double bound) {
    return Predicate::compare_field(kUsage, ValueType::kFloat64, CompareOp::kGreater, bound);
  }
  static Predicate count_is(int64_t count) {
    return Predicate::compare_field(kCount, ValueType::kInt64, CompareOp::kEqual, count);
  }

  SimulatedFileSystem files{1};
  SimulatedClock clock{1'000'000'000};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

TEST_F(Delete, HidesRowsByTagAndTimeWhereverTheyAre) {
  put({{"a", 1, {{kCount, int64_t{1}}}}, {"a", 2, {{kCount, int64_t{2}}}}});
  flush();
  put({{"a", 3, {{kCount, int64_t{3}}}}, {"b", 2, {{kCount, int64_t{4}}}}});
  remove(host("a"), {.begin_ns = 2, .end_ns = 10});
  expect_everywhere({"a@1 11=1", "b@2 11=4"});
}

TEST_F(Delete, LeavesRowsThatAreWrittenLaterAlsoAtTheSameTimes) {
  put({{"a", 1, {{kCount, int64_t{1}}, {kUsage, 0.5}}}});
  remove(host("a"));
  EXPECT_EQ(rows(), Rows{});
  put({{"a", 1, {{kCount, int64_t{2}}}}});
  expect_everywhere({"a@1 11=2"});
}

TEST_F(Delete, NeverBringsOlderCellsOfARowBackWhenNewOnesAreWritten) {
  put({{"a", 1, {{kUsage, 9.0}}}});
  flush();
  put({{"a", 1, {{kState, std::string("x")}}}});
  flush();
  remove(usage_above(5));
  put({{"a", 1, {{kCount, int64_t{2}}}}});
  expect_everywhere({"a@1 11=2"});
}

TEST_F(Delete, JudgesFieldsOnTheRowAsItIsNotOnWhatItWas) {
  put({{"a", 1, {{kUsage, 9.0}}}, {"a", 2, {{kUsage, 1.0}}}});
  flush();
  put({{"a", 1, {{kUsage, 1.0}}}, {"a", 2, {{kUsage, 9.0}}}});
  remove(usage_above(5));
  put({{"a", 1, {{kUsage, 8.0}}}});
  expect_everywhere({"a@1 10=8"});
}

TEST_F(Delete, JudgesFieldsThatWereWrittenApartTogether) {
  put({{"a", 1, {{kUsage, 9.0}}}, {"a", 2, {{kUsage, 9.0}}}});
  flush();
  put({{"a", 1, {{kCount, int64_t{1}}}}, {"a", 2, {{kCount, int64_t{2}}}}});
  flush();
  remove(Predicate::all_of({usage_above(5), count_is(1)}));
  put({{"a", 3, {{kCount, int64_t{1}}, {kUsage, 9.0}}}});
  expect_everywhere({"a@2 10=9 11=2", "a@3 10=9 11=1"});
}

TEST_F(Delete, OverwrittenRowsAreJudgedByTheirNewestForm) {
  const MergeMode mode = MergeMode::kOverwrite;
  put({{"a", 1, {{kCount, int64_t{1}}}}, {"a", 2, {{kCount, int64_t{1}}}}}, mode);
  flush();
  put({{"a", 1, {{kCount, int64_t{2}}}}}, mode);
  flush();
  remove(count_is(1));
  EXPECT_EQ(rows(), Rows{"a@1 11=2"}) << "its older form matched, but that is not the row";
  put({{"a", 2, {{kCount, int64_t{3}}}}}, mode);
  remove(count_is(2));
  expect_everywhere({"a@2 11=3"});
}

TEST_F(Delete, AppendedRowsAreJudgedEachForItself) {
  const MergeMode mode = MergeMode::kAppend;
  put({{"a", 1, {{kCount, int64_t{1}}}}, {"a", 1, {{kCount, int64_t{2}}}}}, mode);
  flush();
  put({{"a", 1, {{kCount, int64_t{1}}}}, {"a", 1, {{kCount, int64_t{3}}}}}, mode);
  remove(count_is(1));
  put({{"a", 1, {{kCount, int64_t{1}}}}}, mode);
  expect_everywhere({"a@1 11=1", "a@1 11=2", "a@1 11=3"});
}

TEST_F(Delete, ManyInterleavedWithWritesAndFlushesApplyInTheirOrder) {
  for (int64_t i = 0; i < 20; ++i) {
    put({{"a", 1, {{kCount, i}, {kUsage, static_cast<double>(i % 7)}}},
         {"b", i, {{kCount, i}}}});
    if (i % 3 == 0) remove(Predicate::all_of({host("a"), usage_above(4)}));
    if (i % 4 == 0) flush();
    if (i % 5 == 0) remove(host("b"), {.begin_ns = 0, .end_ns = i});
    if (i % 6 == 0) compact();
  }
  expect_everywhere({"a@1 10=5 11=19", "b@15 11=15", "b@16 11=16", "b@17 11=17",
                     "b@18 11=18", "b@19 11=19"});
}

TEST_F(Delete, TakesRegularExpressionsAndRefusesBadOnes) {
  put({{"a", 1, {{kState, std::string("on")}}}, {"b", 1, {{kState, std::string("off")}}}});
  EXPECT_EQ(store->remove({.table = kTable, .range = {},
                           .predicate = Predicate::match_field(kState, "(", false)})
                .error()
                .code,
            ErrorCode::kInvalidInput);
  EXPECT_EQ(store->remove({.table = kTable, .range = {},
                           .predicate = Predicate::match_tag(kHost, "(", false)})
                .error()
                .code,
            ErrorCode::kInvalidInput);
  remove(Predicate::match_field(kState, "^of", false));
  EXPECT_EQ(rows(), Rows{"a@1 12='on'"});
  remove(Predicate::match_tag(kHost, "[a-c]", false));
  expect_everywhere({});
}

TEST_F(Delete, OfAnUnknownTableOrNothingIsFine) {
  EXPECT_TRUE(store->remove({.table = TableId{99}, .range = {}, .predicate = {}}));
  put({{"a", 1, {{kCount, int64_t{1}}}}});
  remove({}, {.begin_ns = 5, .end_ns = 5});
  remove({}, {.begin_ns = 5 * kSegmentNs, .end_ns = 6 * kSegmentNs});
  EXPECT_EQ(rows().size(), 1u);
}

TEST_F(Delete, SeriesWithoutARowAreNotListedAlsoAfterARestart) {
  put({{"a", 1, {{kCount, int64_t{1}}}}, {"b", 1, {{kCount, int64_t{1}}}}});
  put({{"a", kSegmentNs, {{kCount, int64_t{1}}}}, {"c", 1, {{kUsage, 9.0}}}});
  flush();
  remove(host("b"));
  EXPECT_EQ(hosts(), (Rows{"a", "c"}));
  remove(host("a"), {.begin_ns = 0, .end_ns = 10});
  EXPECT_EQ(hosts(), (Rows{"a", "c"})) << "it has a row in the second segment";
  EXPECT_EQ(store->list_series({.table = kTable, .range = {0, 10}, .predicate = {}})->series.size(),
            1u);
  remove(usage_above(1));
  EXPECT_EQ(hosts(), Rows{"a"});
  open();
  EXPECT_EQ(hosts(), Rows{"a"});
  put({{"b", 1, {{kCount, int64_t{2}}}}});
  EXPECT_EQ(hosts(), (Rows{"a", "b"}));
  flush();
  compact();
  open();
  EXPECT_EQ(hosts(), (Rows{"a", "b"}));
}

TEST_F(Delete, ColumnsWithoutACellAreNotListed) {
  put({{"a", 1, {{kCount, int64_t{1}}}}, {"b", 1, {{kUsage, 1.0}}}});
  flush();
  EXPECT_EQ(columns(), (std::vector{kUsage, kCount}));
  remove(host("b"));
  EXPECT_EQ(columns(), std::vector{kCount});
  open();
  EXPECT_EQ(columns(), std::vector{kCount});
  compact();
  EXPECT_EQ(columns(), std::vector{kCount});
}

TEST_F(Delete, GivesTheSpaceBackAndIsForgotten) {
  for (int64_t i = 0; i < 100; ++i) put({{"a", i, {{kCount, i}}}, {"b", i, {{kCount, i}}}});
  flush();
  const uint64_t bytes = store->stats(kTable).sst_bytes;
  remove(host("a"));
  EXPECT_EQ(store->stats(kTable).sst_rows, 200u);
  flush();
  compact();
  EXPECT_EQ(store->stats(kTable).sst_rows, 100u);
  EXPECT_LT(store->stats(kTable).sst_bytes, bytes);
  remove({});
  flush();
  compact();
  EXPECT_EQ(sst_count(), 0u);
  const auto names = *files.list(kFolder);
  EXPECT_TRUE(std::ranges::none_of(names, [](const auto& name) { return name.ends_with(".sst"); }));
  EXPECT_EQ(store->health().deletes_pending, 0u);
  open();
  EXPECT_EQ(rows(), Rows{});
}

TEST_F(Delete, ThatTouchesNoFileIsForgottenWithoutRewritingAny) {
  put({{"a", 1, {{kCount, int64_t{1}}}}});
  flush();
  remove(host("nobody"));
  flush();
  const auto before = *files.list(kFolder);
  compact();
  EXPECT_EQ(*files.list(kFolder), before);
  EXPECT_EQ(store->health().deletes_pending, 0u);
}

TEST_F(Delete, EqualAndWiderOnesReplaceEachOther) {
  put({{"a", 1, {{kCount, int64_t{1}}}}});
  for (int i = 0; i < 100; ++i) remove(host("a"), {.begin_ns = 0, .end_ns = 5 + i});
  EXPECT_EQ(store->health().deletes_pending, 1u);
  remove({});
  EXPECT_EQ(store->health().deletes_pending, 1u);
  open();
  EXPECT_EQ(store->health().deletes_pending, 1u);
  EXPECT_EQ(rows(), Rows{});
}

TEST_F(Delete, AFailedFlushBringsNothingBack) {
  put({{"a", 1, {{kCount, int64_t{1}}}}, {"b", 1, {{kCount, int64_t{1}}}}});
  remove(host("a"));
  files.set_capacity_bytes(1);
  EXPECT_FALSE(store->flush());
  EXPECT_EQ(rows(), Rows{"b@1 11=1"});
  files.set_capacity_bytes(UINT64_MAX);
  expect_everywhere({"b@1 11=1"});
}

TEST_F(Delete, ThatCannotBeMadeDurableHidesNothing) {
  put({{"a", 1, {{kCount, int64_t{1}}}}});
  files.fail_next_sync();
  EXPECT_FALSE(store->remove({.table = kTable, .range = {}, .predicate = {}}));
  EXPECT_EQ(rows(), Rows{"a@1 11=1"});
  flush();  // The next commit settles that it is not there.
  put({{"a", 2, {{kCount, int64_t{2}}}}});
  expect_everywhere({"a@1 11=1", "a@2 11=2"});
}

TEST_F(Delete, AScanThatBeganBeforeKeepsItsRows) {
  put({{"a", 1, {{kCount, int64_t{1}}}}});
  auto stream = store->scan(spec_of(kTable), nullptr);
  ASSERT_TRUE(stream);
  remove({});
  const auto batch = (*stream)->next();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->row_count(), 1u);
}

TEST_F(Delete, SegmentsAreDroppedWithFilesAndMemtablesInEveryTable) {
  put({{"a", 1, {{kCount, int64_t{1}}}}, {"b", kSegmentNs, {{kCount, int64_t{2}}}}});
  flush();
  put({{"a", 2, {{kCount, int64_t{3}}}}, {"b", kSegmentNs + 1, {{kCount, int64_t{4}}}}});
  ASSERT_TRUE(write(*store, request_of(kOther, {{"a", 1, {{kCount, int64_t{1}}}}})));
  ASSERT_TRUE(store->drop_segments({segment_of(0), SegmentId{999}}));
  const Rows left = {"b@1000000 11=2", "b@1000001 11=4"};
  EXPECT_EQ(hosts(), Rows{"b"});
  EXPECT_EQ(rows_of(*store, spec_of(kOther)), Rows{});
  const auto late = write(*store, request_of(kTable, {{"a", 3, {{kCount, int64_t{1}}}}}));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kNotFound);
  expect_everywhere(left);
  EXPECT_EQ(rows_of(*store, spec_of(kOther)), Rows{});
  EXPECT_EQ(hosts(), Rows{"b"});
}

TEST_F(Delete, AnotherOneAfterARestartDoesNotUndoIt) {
  put({{"a", 1, {{kCount, int64_t{1}}}}});
  remove(host("a"));
  open();
  remove(host("a"), {.begin_ns = 5, .end_ns = 6});
  expect_everywhere({});
}

TEST_F(Delete, ADroppedSegmentTakesNoKeysThatOthersNeed) {
  put({{"a", 1, {{kCount, int64_t{1}}}}});
  put({{"a", 2, {{kCount, int64_t{2}}}}});
  put({{"a", kSegmentNs, {{kCount, int64_t{3}}}}});
  ASSERT_TRUE(store->drop_segments({segment_of(0)}));
  expect_everywhere({"a@1000000 11=3"});
}

TEST_F(Delete, ThousandsOfSmallOnesDoNotMakeScansSlow) {
  constexpr int64_t kCountMax = 2'000;
  std::vector<TestRow> rows;
  for (int64_t i = 0; i < kCountMax; ++i) {
    rows.push_back({"h" + std::to_string(i), i, {{kCount, i}}});
    rows.push_back({"h" + std::to_string(i), kSegmentNs + i, {{kCount, i}}});
  }
  put(rows);
  flush();
  for (int64_t i = 0; i < kCountMax; ++i) {
    remove(host("h" + std::to_string(i)), {.begin_ns = i, .end_ns = i + 1});
  }
  EXPECT_EQ(store->health().deletes_pending, size_t{kCountMax});
  for (int turn = 0; turn < 5; ++turn) {
    EXPECT_EQ(rows_of(*store, spec_of(kTable)).size(), size_t{kCountMax});
  }
  compact();
  flush();
  EXPECT_EQ(store->health().deletes_pending, 0u);
  EXPECT_EQ(store->stats(kTable).sst_rows, size_t{kCountMax});
}

}  // namespace
}  // namespace varve::engine
