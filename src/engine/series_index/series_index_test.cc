// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/series_index.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/predicate/tag_filter.h"

namespace varve::engine {
namespace {

std::string key_of(std::string_view host, std::string_view region) {
  std::vector<KeyCell> cells;
  if (!host.empty()) cells.push_back({.column = ColumnId{1}, .text = host});
  if (!region.empty()) cells.push_back({.column = ColumnId{2}, .text = region});
  return encode_series_key(cells);
}

SeriesId add(SeriesIndex& index, std::string_view host, std::string_view region) {
  const std::string key = key_of(host, region);
  const auto id = index.add(series_key_hash(key), key);
  EXPECT_TRUE(id);
  return id ? *id : SeriesId{};
}

TEST(StableArray, KeepsEveryElementWhileItGrows) {
  StableArray<uint64_t> array;
  EXPECT_EQ(array.get(1'000'000), 0u);
  for (size_t i = 0; i < 100'000; ++i) array.set(i, i * 3);
  for (size_t i = 0; i < 100'000; ++i) ASSERT_EQ(array.get(i), i * 3) << i;
  EXPECT_EQ(array.get(200'000'000), 0u);
}

TEST(SeriesIndex, GivesOneIdToOneKey) {
  SeriesIndex index(1);
  const SeriesId a = add(index, "a", "eu");
  EXPECT_EQ(add(index, "a", "eu"), a);
  const SeriesId b = add(index, "a", "us");
  EXPECT_NE(a, b);
  EXPECT_EQ(index.series_count(), 2u);
  EXPECT_EQ(index.series(b).key, key_of("a", "us"));
  EXPECT_EQ(index.find(series_key_hash(key_of("a", "us"))), b);
  EXPECT_EQ(index.find(series_key_hash("nothing")), std::nullopt);
  EXPECT_EQ(index.tag_ids(), (std::vector<ColumnId>{ColumnId{1}, ColumnId{2}}));
}

TEST(SeriesIndex, RefusesASecondKeyWithTheSameHashByName) {
  SeriesIndex index(1);
  const std::string key = key_of("a", "");
  ASSERT_TRUE(index.add(series_key_hash(key), key));
  const auto refused = index.add(series_key_hash(key), key_of("b", ""));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(index.series_count(), 1u);
}

TEST(SeriesIndex, RefusesBytesThatAreNoKey) {
  SeriesIndex index(1);
  EXPECT_FALSE(index.add(series_key_hash("junk"), "junk"));
  EXPECT_EQ(index.series_count(), 0u);
}

TEST(SeriesIndex, OrdersSeriesByHashAlsoAfterMoreCame) {
  SeriesIndex index(1);
  const auto expect_ordered = [&](size_t count) {
    const auto order = index.by_hash();
    ASSERT_EQ(order->size(), count);
    EXPECT_TRUE(std::ranges::is_sorted(*order, {}, [&](SeriesId id) { return index.hash(id); }));
  };
  for (int i = 0; i < 1'000; ++i) {
    add(index, "host" + std::to_string(i), i % 2 == 0 ? "eu" : "");
    if (i == 10 || i == 500) expect_ordered(static_cast<size_t>(i) + 1);
  }
  expect_ordered(1'000);
}

TEST(SeriesIndex, StaysSmall) {
  SeriesIndex index(1);
  size_t key_bytes = 0;
  constexpr size_t kSeries = 100'000;
  for (size_t i = 0; i < kSeries; ++i) {
    std::vector<std::string> texts;
    std::vector<KeyCell> cells;
    for (uint32_t tag = 1; tag <= 10; ++tag) {
      texts.push_back("value" + std::to_string(tag == 1 ? i : i % (tag * 7)));
    }
    for (uint32_t tag = 1; tag <= 10; ++tag) {
      cells.push_back({.column = ColumnId{tag}, .text = texts[tag - 1]});
    }
    const std::string key = encode_series_key(cells);
    key_bytes += key.size();
    ASSERT_TRUE(index.add(series_key_hash(key), key));
  }
  index.by_hash();
  // Capacities are up to four times the count, so that only a bound with room is certain.
  EXPECT_LT((index.size_bytes() - key_bytes) / kSeries, 300u);
}

TEST(TagFilter, LeavesWhatOnlyFieldsDecide) {
  SeriesIndex index(1);
  const SeriesId eu = add(index, "a", "eu");
  const SeriesId us = add(index, "b", "us");
  const SeriesId none = add(index, "c", "");
  const auto region = [](CompareOp op, std::string text) {
    return Predicate::compare_tag(ColumnId{2}, op, std::move(text));
  };
  const auto usage = Predicate::compare_field(ColumnId{9}, ValueType::kFloat64,
                                              CompareOp::kGreater, 5.0);
  const auto rests = [&](const Predicate& predicate) {
    auto filter = TagFilter::compile(predicate, index);
    EXPECT_TRUE(filter);
    std::vector<std::string> texts;
    for (const SeriesId id : {eu, us, none}) texts.push_back(filter->rest(id).to_string());
    return texts;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(rests(region(CompareOp::kEqual, "eu")), (Texts{"true", "false", "false"}));
  EXPECT_EQ(rests(region(CompareOp::kNotEqual, "eu")), (Texts{"false", "true", "true"}));
  EXPECT_EQ(rests(region(CompareOp::kEqual, "")), (Texts{"false", "false", "true"}));
  EXPECT_EQ(rests(region(CompareOp::kNotEqual, "")), (Texts{"true", "true", "false"}));
  EXPECT_EQ(rests(region(CompareOp::kGreater, "a")), (Texts{"false", "false", "false"}));
  EXPECT_EQ(rests(Predicate::match_tag(ColumnId{2}, "^$|u$", false)),
            (Texts{"true", "false", "true"}));
  EXPECT_EQ(rests(Predicate::match_tag(ColumnId{77}, "", true)),
            (Texts{"false", "false", "false"}));
  EXPECT_EQ(rests(Predicate::any_of({region(CompareOp::kEqual, "eu"), usage})),
            (Texts{"true", "c9 > 5", "c9 > 5"}));
  EXPECT_EQ(rests(Predicate::all_of({region(CompareOp::kEqual, "eu"), usage})),
            (Texts{"c9 > 5", "false", "false"}));
  EXPECT_FALSE(TagFilter::compile(Predicate::match_tag(ColumnId{2}, "[", false), index));
}

}  // namespace
}  // namespace varve::engine
