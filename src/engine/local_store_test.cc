// SPDX-License-Identifier: Apache-2.0
#include "engine/local_store.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/local_store_for_test.h"
#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

TEST_F(LocalStoreTest, GivesBackWhatWasWrittenWhereverItIs) {
  in_every_place({{{"a", 5, {{kUsage, 1.5}, {kState, std::string("up")}}},
                   {"a", kSegmentNs + 1, {{kCount, int64_t{-3}}}},
                   {"b", 5, {{kUsage, 2.0}}}},
                  {{"", 7, {{kCount, int64_t{1}}}}}},
                 MergeMode::kMerge, [&] {
                   EXPECT_EQ(rows(), (Rows{"@7 11=1", "a@5 10=1.5 12='up'", "a@1000001 11=-3",
                                           "b@5 10=2"}));
                 });
}

TEST_F(LocalStoreTest, MergesFieldsOfOneTimeAndTheLastValueWins) {
  in_every_place({{{"a", 5, {{kUsage, 1.0}}}, {"a", 4, {{kUsage, 0.5}}}},
                  {{"a", 5, {{kCount, int64_t{2}}}}},
                  {{"a", 5, {{kUsage, 3.0}}}, {"a", 5, {{kUsage, 4.0}}}}},
                 MergeMode::kMerge,
                 [&] { EXPECT_EQ(rows(), (Rows{"a@4 10=0.5", "a@5 10=4 11=2"})); });
}

TEST_F(LocalStoreTest, OverwritesWholeRowsWhereTheTableSaysSo) {
  in_every_place({{{"a", 5, {{kUsage, 1.0}}}}, {{"a", 5, {{kCount, int64_t{2}}}}}},
                 MergeMode::kOverwrite, [&] { EXPECT_EQ(rows(), (Rows{"a@5 11=2"})); });
}

TEST_F(LocalStoreTest, KeepsEveryRowOfAnAppendTable) {
  in_every_place({{{"a", 5, {{kUsage, 1.0}}}, {"a", 5, {{kUsage, 1.0}}}},
                  {{"a", 5, {{kUsage, 2.0}}}}},
                 MergeMode::kAppend,
                 [&] { EXPECT_EQ(rows(), (Rows{"a@5 10=1", "a@5 10=1", "a@5 10=2"})); });
}

TEST_F(LocalStoreTest, MergesFilesWithEachOtherAndWithMemtables) {
  open();
  write_rows({{"a", 1, {{kUsage, 1.0}}}, {"a", 2, {{kUsage, 1.0}}}});
  ASSERT_TRUE(store->flush());
  write_rows({{"a", 2, {{kUsage, 2.0}}}, {"a", 3, {{kCount, int64_t{2}}}}});
  ASSERT_TRUE(store->flush());
  write_rows({{"a", 3, {{kUsage, 3.0}}}});
  const Rows expected{"a@1 10=1", "a@2 10=2", "a@3 10=3 11=2"};
  EXPECT_EQ(rows(), expected);
  EXPECT_EQ(store->stats(kTable).sst_count, 2u);
  open();
  EXPECT_EQ(rows(), expected);
}

TEST_F(LocalStoreTest, CompactsFilesWithoutChangingAnswers) {
  EngineOptions options = manual();
  options.compaction_files_min = 3;
  open(options);
  for (int64_t i = 0; i < 7; ++i) {
    write_rows({{"a", i, {{kUsage, static_cast<double>(i)}}}, {"a", 0, {{kCount, i}}}});
    ASSERT_TRUE(store->flush());
  }
  const auto before = rows();
  EXPECT_EQ(store->stats(kTable).sst_count, 7u);
  ASSERT_TRUE(store->compact());
  EXPECT_LT(store->stats(kTable).sst_count, 3u);
  EXPECT_EQ(rows(), before);
  EXPECT_EQ(before.front(), "a@0 10=0 11=6");
  open(options);
  EXPECT_EQ(rows(), before);
}

TEST_F(LocalStoreTest, AnswersInOrderOfTimeThenKey) {
  const std::vector<std::vector<TestRow>> requests = {
      {{"b", 5, {{kUsage, 1.0}}}, {"a", 5, {{kUsage, 2.0}}}, {"a", 9, {{kUsage, 3.0}}}},
      {{"c", kSegmentNs, {{kUsage, 4.0}}}, {"b", 1, {{kUsage, 5.0}}}}};
  in_every_place(requests, MergeMode::kMerge, [&] {
    ScanSpec spec = spec_of(kTable, {kUsage});
    spec.order = ScanOrder::kTime;
    EXPECT_EQ(rows(spec),
              (Rows{"b@1 10=5", "a@5 10=2", "b@5 10=1", "a@9 10=3", "c@1000000 10=4"}));
    spec.descending = true;
    EXPECT_EQ(rows(spec),
              (Rows{"c@1000000 10=4", "a@9 10=3", "a@5 10=2", "b@5 10=1", "b@1 10=5"}));
    spec.rows_limit = 2;
    EXPECT_EQ(rows(spec), (Rows{"c@1000000 10=4", "a@9 10=3"}));
    spec.range = {.begin_ns = 5, .end_ns = 9};
    EXPECT_EQ(rows(spec), (Rows{"a@5 10=2", "b@5 10=1"}));
  });
}

TEST_F(LocalStoreTest, ReversesTimeInsideASeries) {
  in_every_place({{{"a", 1, {{kUsage, 1.0}}},
                   {"a", 2, {{kUsage, 2.0}}},
                   {"a", kSegmentNs, {{kUsage, 3.0}}}}},
                 MergeMode::kMerge, [&] {
                   ScanSpec spec = spec_of(kTable, {kUsage});
                   spec.descending = true;
                   EXPECT_EQ(rows(spec), (Rows{"a@1000000 10=3", "a@2 10=2", "a@1 10=1"}));
                   spec.rows_limit = 1;
                   EXPECT_EQ(rows(spec), (Rows{"a@1000000 10=3"}));
                 });
}

TEST_F(LocalStoreTest, FiltersByTagsAndFields) {
  const std::vector<std::vector<TestRow>> requests = {
      {{"a", 1, {{kUsage, 1.0}, {kState, std::string("up")}}},
       {"a", 2, {{kUsage, 9.0}}},
       {"b", 1, {{kUsage, 9.0}, {kState, std::string("down")}}},
       {"", 3, {{kCount, int64_t{9}}}}}};
  in_every_place(requests, MergeMode::kMerge, [&] {
    const auto with = [&](Predicate predicate, std::vector<ColumnId> columns = {kUsage}) {
      ScanSpec spec = spec_of(kTable, std::move(columns));
      spec.predicate = std::move(predicate);
      return rows(spec);
    };
    const auto host = [](CompareOp op, std::string text) {
      return Predicate::compare_tag(kHost, op, std::move(text));
    };
    const auto usage = [](CompareOp op, Value value) {
      return Predicate::compare_field(kUsage, ValueType::kFloat64, op, std::move(value));
    };
    EXPECT_EQ(with(host(CompareOp::kEqual, "b")), (Rows{"b@1 10=9"}));
    EXPECT_EQ(with(host(CompareOp::kNotEqual, "b")), (Rows{"a@1 10=1", "a@2 10=9"}));
    EXPECT_EQ(with(host(CompareOp::kEqual, ""), {kCount}), (Rows{"@3 11=9"}));
    EXPECT_EQ(with(host(CompareOp::kEqual, "nobody")), Rows{});
    EXPECT_EQ(with(host(CompareOp::kLess, "b")), Rows{});
    EXPECT_EQ(with(Predicate::match_tag(kHost, "^[ab]$", false)),
              (Rows{"a@1 10=1", "a@2 10=9", "b@1 10=9"}));
    EXPECT_EQ(with(Predicate::match_tag(kHost, "a", true)), (Rows{"b@1 10=9"}));
    EXPECT_EQ(with(Predicate::match_tag(kRegion, "^$", false)).size(), 3u);
    EXPECT_EQ(with(usage(CompareOp::kGreater, int64_t{5})), (Rows{"a@2 10=9", "b@1 10=9"}));
    EXPECT_EQ(with(usage(CompareOp::kGreater, std::string("x"))), Rows{});
    EXPECT_EQ(with(Predicate::any_of({Predicate::all_of({host(CompareOp::kEqual, "a"),
                                                         usage(CompareOp::kLess, 5.0)}),
                                      host(CompareOp::kEqual, "b")})),
              (Rows{"a@1 10=1", "b@1 10=9"}));
    EXPECT_EQ(with(Predicate::match_field(kState, "o", false)), (Rows{"b@1 10=9"}));
    EXPECT_EQ(with(Predicate::match_field(kState, "o", true), {kState}), (Rows{"a@1 12='up'"}));
    EXPECT_EQ(with(Predicate::match_tag(kHost, "(", false)).front().substr(0, 6), "error:");
    EXPECT_EQ(with(Predicate::match_field(kState, "(", false)).front().substr(0, 6), "error:");
  });
}

TEST_F(LocalStoreTest, CountsOnlyRowsThatHaveAWantedCell) {
  in_every_place({{{"a", 1, {{kCount, int64_t{1}}}}, {"a", 2, {{kUsage, 2.0}}}}}, MergeMode::kMerge,
                 [&] {
                   ScanSpec spec = spec_of(kTable, {kUsage});
                   spec.rows_limit = 1;
                   EXPECT_EQ(rows(spec), (Rows{"a@2 10=2"}));
                   EXPECT_EQ(rows(spec_of(kTable, {})), (Rows{"a@1", "a@2"}));
                 });
}

TEST_F(LocalStoreTest, ScansOnlyTheSeriesThatAreAskedFor) {
  in_every_place({{{"a", 1, {{kUsage, 1.0}}}, {"b", 1, {{kUsage, 2.0}}}}}, MergeMode::kMerge, [&] {
    ScanSpec spec = spec_of(kTable, {kUsage});
    spec.series = {series_key_hash(key_of("b")), series_key_hash("unknown")};
    EXPECT_EQ(rows(spec), (Rows{"b@1 10=2"}));
    spec.series = std::vector<KeyHash>{};
    EXPECT_EQ(rows(spec), Rows{});
  });
}

TEST_F(LocalStoreTest, ListsSeriesAndColumnsOfOverlappingSegments) {
  in_every_place({{{"a", 1, {{kUsage, 1.0}}}, {"b", kSegmentNs, {{kCount, int64_t{2}}}}}},
                 MergeMode::kMerge, [&] {
                   const auto keys = [&](TimeRange range, Predicate predicate) {
                     const auto list = store->list_series(
                         {.table = kTable, .range = range, .predicate = predicate});
                     Rows hosts;
                     for (const auto& series : list->series) {
                       hosts.emplace_back(key_cell(series.key, kHost));
                     }
                     std::ranges::sort(hosts);
                     return hosts;
                   };
                   const TimeRange first{.begin_ns = 0, .end_ns = 1};
                   EXPECT_EQ(keys({}, {}), (Rows{"a", "b"}));
                   EXPECT_EQ(keys(first, {}), (Rows{"a"}));
                   EXPECT_EQ(keys({}, Predicate::match_tag(kHost, "b", false)), (Rows{"b"}));
                   EXPECT_EQ(*store->list_columns(kTable, {}),
                             (std::vector<ColumnId>{kUsage, kCount}));
                   EXPECT_EQ(*store->list_columns(kTable, first), (std::vector<ColumnId>{kUsage}));
                 });
}

TEST_F(LocalStoreTest, GivesKeysWithTheTagsThatAreAskedFor) {
  open();
  const std::string host_key = key_of("a");
  write_rows({{"a", 5, {{kUsage, 1.0}}}});
  const auto keys_of = [&](std::optional<std::vector<ColumnId>> tags) {
    ScanSpec spec = spec_of(kTable);
    spec.key_tags = tags;
    auto stream = store->scan(spec, nullptr);
    EXPECT_TRUE(stream);
    const auto rows = (*stream)->next();
    const auto list = store->list_series({.table = kTable,
                                          .range = spec.range,
                                          .predicate = spec.predicate,
                                          .key_tags = tags});
    EXPECT_EQ(rows->runs[0].series.hash, series_key_hash(host_key));
    EXPECT_EQ(list->series[0].hash, series_key_hash(host_key));
    EXPECT_EQ(rows->runs[0].series.key, list->series[0].key);
    return std::string(list->series[0].key);
  };
  EXPECT_EQ(keys_of(std::nullopt), host_key);
  EXPECT_EQ(keys_of(std::vector<ColumnId>()), "");
  EXPECT_EQ(keys_of(std::vector<ColumnId>{kRegion}), "");
  EXPECT_EQ(keys_of(std::vector<ColumnId>{kHost, kRegion}), host_key);
  write_rows({{"b", 5, {{kUsage, 1.0}}}, {"c", 5, {{kUsage, 1.0}}}});
  SeriesSpec few{.table = kTable, .range = spec_of(kTable).range, .predicate = Predicate()};
  EXPECT_EQ(store->list_series(few)->series.size(), 3u);
  few.series_limit = 2;
  EXPECT_EQ(store->list_series(few)->series.size(), 2u);
}

TEST_F(LocalStoreTest, KnowsNothingOfATableThatNobodyWrote) {
  open();
  EXPECT_EQ(rows(spec_of(TableId{99})), Rows{});
  const auto list = store->list_series({.table = TableId{99}, .range = {}, .predicate = {}});
  EXPECT_TRUE(list->series.empty());
  EXPECT_TRUE(store->list_columns(TableId{99}, {})->empty());
  EXPECT_EQ(store->stats(TableId{99}).series_count, 0u);
  EXPECT_TRUE(store->drop_tables({TableId{99}}));
}

TEST_F(LocalStoreTest, ForgetsADroppedTableForGood) {
  open();
  write_rows({{"a", 1, {{kUsage, 1.0}}}});
  ASSERT_TRUE(store->flush());
  write_rows({{"a", 2, {{kUsage, 1.0}}}});
  write_rows({{"a", 2, {{kUsage, 1.0}}}}, MergeMode::kMerge, TableId{8});
  ASSERT_TRUE(store->drop_tables({kTable}));
  EXPECT_EQ(rows(), Rows{});
  const auto refused = write(*store, request_of(kTable, {{"a", 3, {{kUsage, 1.0}}}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  open();
  EXPECT_EQ(rows(), Rows{});
  EXPECT_EQ(rows(spec_of(TableId{8})), (Rows{"a@2 10=1"}));
}

TEST_F(LocalStoreTest, RemovesTablesThatTheCatalogNoLongerKnows) {
  open();
  write_rows({{"a", 1, {{kUsage, 1.0}}}});
  ASSERT_TRUE(store->flush());
  write_rows({{"a", 2, {{kUsage, 1.0}}}});
  open(manual(), {TableId{8}});
  EXPECT_EQ(rows(), Rows{});
  ASSERT_TRUE(store->close());
  open();
  EXPECT_EQ(rows(), Rows{});
  const auto names = files.list("data/shard-0");
  for (const auto& name : *names) EXPECT_FALSE(name.ends_with(".sst")) << name;
}

TEST_F(LocalStoreTest, RefusesWhatContradictsTheTable) {
  open();
  write_rows({{"a", 1, {{kUsage, 1.0}}}});
  WriteRequest other_type = request_of(kTable, {{"a", 2, {{kCount, int64_t{1}}}}});
  other_type.batches[0].columns[0].id = kUsage;
  auto refused = write(*store, std::move(other_type));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(refused.error().message, "column 10 of table 7 is float, not integer");

  WriteRequest collision = request_of(kTable, {{"b", 2, {{kUsage, 1.0}}}});
  collision.batches[0].series[0].hash = series_key_hash(key_of("a"));
  refused = write(*store, std::move(collision));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);

  EXPECT_FALSE(write(*store, request_of(kTable, {{"a", 2, {{kUsage, 1.0}}}}, MergeMode::kAppend)));
  EXPECT_EQ(rows(), (Rows{"a@1 10=1"}));
}

TEST_F(LocalStoreTest, NeverLetsVersionsGoBackWhenTheClockDoes) {
  open();
  write_rows({{"a", 1, {{kUsage, 1.0}}}});
  ASSERT_TRUE(store->flush());
  clock.set_now_ns(5);
  open();
  write_rows({{"a", 1, {{kUsage, 2.0}}}});
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(rows(), (Rows{"a@1 10=2"}));
  open();
  clock.set_now_ns(1);
  write_rows({{"a", 1, {{kUsage, 3.0}}}});
  EXPECT_EQ(rows(), (Rows{"a@1 10=3"}));
}

TEST_F(LocalStoreTest, SpreadsTablesOverShards) {
  EngineOptions options = manual();
  options.shards = 3;
  open(options);
  WriteRequest request;
  for (uint32_t table : {7, 8}) {
    auto part = request_of(TableId{table}, {{"a", 1, {{kUsage, 1.0}}}});
    request.batches.push_back(std::move(part.batches[0]));
  }
  ASSERT_TRUE(write(*store, std::move(request)));
  open(options);
  EXPECT_EQ(rows(), (Rows{"a@1 10=1"}));
  EXPECT_EQ(rows(spec_of(TableId{8})), (Rows{"a@1 10=1"}));
}

TEST_F(LocalStoreTest, StopsAScanWhenTheFlagIsSet) {
  open();
  write_rows({{"a", 1, {{kUsage, 1.0}}}});
  const auto cancel = std::make_shared<std::atomic<bool>>(true);
  for (const auto order : {ScanOrder::kSeriesTime, ScanOrder::kTime}) {
    ScanSpec spec = spec_of(kTable);
    spec.order = order;
    auto stream = store->scan(spec, cancel);
    ASSERT_TRUE(stream);
    const auto batch = (*stream)->next();
    ASSERT_FALSE(batch);
    EXPECT_EQ(batch.error().code, ErrorCode::kCancelled);
  }
}

TEST_F(LocalStoreTest, GivesLongRunsAsTheyLieInTheFile) {
  open();
  std::vector<TestRow> many;
  for (int64_t i = 0; i < 20'000; ++i) many.push_back({"a", i, {{kCount, i}}});
  many.push_back({"b", 0, {{kCount, int64_t{-1}}}});
  write_rows(many);
  ASSERT_TRUE(store->flush());
  auto stream = store->scan(spec_of(kTable, {kCount}), nullptr);
  ASSERT_TRUE(stream);
  int64_t sum = 0;
  size_t row_count = 0;
  size_t batch_count = 0;
  while (true) {
    const auto batch = (*stream)->next();
    ASSERT_TRUE(batch);
    if (batch->row_count() == 0) break;
    ++batch_count;
    row_count += batch->row_count();
    for (const int64_t value : batch->columns[0].as<int64_t>()) sum += value;
  }
  EXPECT_EQ(row_count, 20'001u);
  EXPECT_EQ(sum, int64_t{19'999} * 20'000 / 2 - 1);
  EXPECT_LE(batch_count, 4u);
}

TEST_F(LocalStoreTest, FlushesByItselfWhenMemoryIsFull) {
  EngineOptions options = manual();
  options.automatic = true;
  options.memtable_bytes_max = 100'000;
  options.compaction_files_min = 4;
  open(options);
  for (int64_t i = 0; i < 5'000; ++i) {
    Result<void> written;
    do {
      written = write(*store, request_of(kTable, {{"a", i * 3, {{kUsage, 1.0}}},
                                                  {"b", i * 3, {{kCount, i}}}}));
    } while (!written && written.error().code == ErrorCode::kOverloaded);
    ASSERT_TRUE(written) << written.error().message;
  }
  EXPECT_EQ(rows().size(), 10'000u);
  EXPECT_GT(store->stats(kTable).sst_count, 0u);
  ASSERT_TRUE(store->close());
  open(options);
  EXPECT_EQ(rows().size(), 10'000u);
  EXPECT_EQ(store->stats(kTable).memtable_rows, 0u);
}

TEST_F(LocalStoreTest, RefusesAnotherNumberOfShardsThanItWasMadeWith) {
  open();
  store.reset();
  EngineOptions options = manual();
  options.shards = 2;
  const auto opened = LocalStore::open(options, files, clock, random, {kTable});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            "storage.shards is 2, but data was made with 1; it cannot be changed later");
}

TEST_F(LocalStoreTest, ChangesNothingOnceItIsToldToRefuse) {
  open();
  write_rows({{"a", 1, {{kUsage, 1.0}}}});
  const auto before = rows();
  store->refuse_writes({ErrorCode::kForbidden, "somebody else has it"});
  const auto is_refused = [](const Result<void>& outcome) {
    return !outcome && outcome.error().message == "somebody else has it";
  };
  EXPECT_TRUE(is_refused(write(*store, request_of(kTable, {{"a", 2, {{kUsage, 1.0}}}}))));
  EXPECT_TRUE(is_refused(store->remove({.table = kTable, .range = {}, .predicate = {}})));
  EXPECT_TRUE(is_refused(store->drop_tables({kTable})));
  EXPECT_TRUE(is_refused(store->drop_segments({segment_of(1)})));
  EXPECT_EQ(rows(), before);
  EXPECT_FALSE(store->health().writable);
  EXPECT_EQ(store->health().reason, "somebody else has it");
}

}  // namespace
}  // namespace varve::engine
