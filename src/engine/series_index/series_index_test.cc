// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/series_index.h"

#include <gtest/gtest.h>

#include <malloc.h>

#include <algorithm>
#include <thread>

#include "engine/predicate/tag_filter.h"
#include "engine/series_index/fleet_keys.h"
#include "io/random.h"

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
  array.set(10'000'000, 5);
  EXPECT_EQ(array.get(10'000'000), 5u);
  EXPECT_EQ(array.get(5'000'000), 0u);
  EXPECT_EQ(array.get(200'000'000), 0u);
}

TEST(SeriesIndex, GivesOneIdToOneKey) {
  SeriesIndex index(1);
  const SeriesId a = add(index, "a", "eu");
  EXPECT_EQ(add(index, "a", "eu"), a);
  const SeriesId b = add(index, "a", "us");
  EXPECT_NE(a, b);
  EXPECT_EQ(index.series_count(), 2u);
  std::string key;
  index.append_key(b, key);
  EXPECT_EQ(key, key_of("a", "us"));
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
  // The last one is a key, but says its length in two bytes where one will do.
  const std::string long_winded("\x01\x05\x81\x00x", 5);
  ASSERT_EQ(static_cast<char>(ValueType::kString), long_winded[1]);
  ASSERT_TRUE(decode_series_key(long_winded));
  for (const std::string& key : {std::string("junk"), long_winded}) {
    EXPECT_FALSE(index.add(series_key_hash(key), key));
  }
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

TEST(SeriesIndex, TakesLessThanAHundredBytesASeriesAndSaysSo) {
  constexpr size_t kSeries = 300'000;
  const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  auto index = std::make_unique<SeriesIndex>(1);
  for (size_t i = 0; i < kSeries; ++i) {
    const std::string key = testing::fleet_key(i);
    ASSERT_TRUE(index->add(series_key_hash(key), key));
  }
  index->by_hash();
  const size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
  EXPECT_LE(index->size_bytes() / kSeries, 100u);
  // A sanitizer's allocator does not count.
  if (after - before < kSeries) return;
  EXPECT_LE((after - before) / kSeries, 100u);
  EXPECT_NEAR(static_cast<double>(index->size_bytes()), static_cast<double>(after - before),
              0.05 * static_cast<double>(after - before));
}

TEST(SeriesIndex, PutsEveryKeyTogetherAgain) {
  SeriesIndex index(1);
  std::vector<std::string> keys = {""};
  // Values of every length, and more than one, two and three bytes can number.
  for (size_t i = 0; i < 70'000; ++i) {
    keys.push_back(key_of("h" + std::to_string(i), i % 3 == 0 ? std::to_string(i % 300) : ""));
  }
  for (const size_t size : {100, 127, 128, 253, 254, 255, 256, 300, 20'000, 70'000, 1'000'000}) {
    keys.push_back(key_of(std::string(size, 'x'), "long"));
    keys.push_back(key_of(std::string(size, 'y'), std::string(size, 'z')));
  }
  for (const std::string& key : keys) ASSERT_TRUE(index.add(series_key_hash(key), key));
  for (uint32_t i = 0; i < keys.size(); ++i) {
    std::string key;
    index.append_key(SeriesId{i}, key);
    ASSERT_EQ(key, keys[i]) << i;
    ASSERT_EQ(index.find(series_key_hash(key)), SeriesId{i});
    const auto again = index.add(series_key_hash(key), key);
    ASSERT_TRUE(again);
    ASSERT_EQ(*again, SeriesId{i});
  }
}

TEST(SeriesIndex, ServesReadersWhileSeriesCome) {
  SeriesIndex index(1);
  constexpr size_t kSeries = 40'000;
  std::atomic<bool> ended{false};
  std::atomic<size_t> checks{0};
  const auto read = [&](uint64_t seed) {
    SeededRandom random(seed);
    do {
      const uint32_t count = index.series_count();
      if (count == 0) continue;
      const SeriesId id{static_cast<uint32_t>(random.next_u64() % count)};
      std::string key;
      index.append_key(id, key);
      EXPECT_EQ(series_key_hash(key), index.hash(id));
      EXPECT_EQ(index.find(index.hash(id)), id);
      const TagValues* host = index.tag(testing::kHostname);
      ASSERT_NE(host, nullptr);
      const auto predicate = Predicate::compare_tag(testing::kHostname, CompareOp::kEqual,
                                                    std::string(key_cell(key, testing::kHostname)));
      const auto filter = TagFilter::compile(predicate, index);
      SeriesBits::Words words;
      EXPECT_TRUE(filter->match_part(raw(id) / SeriesBits::kPartSeries, words));
      if (random.next_u64() % 64 == 0) {
        EXPECT_GE(index.by_hash()->size(), count);
      }
      ++checks;
    } while (!ended);
  };
  std::thread first(read, 1);
  std::thread second(read, 2);
  for (size_t i = 0; i < kSeries; ++i) {
    const std::string key = testing::fleet_key(i);
    ASSERT_TRUE(index.add(series_key_hash(key), key));
  }
  ended = true;
  first.join();
  second.join();
  EXPECT_GT(checks, 0u);
  EXPECT_EQ(index.by_hash()->size(), kSeries);
}

TEST(SeriesIndex, OrdersAPartOfTheSeriesByHash) {
  SeriesIndex index(1);
  for (int i = 0; i < 40'000; ++i) add(index, "host" + std::to_string(i), "");
  for (const uint32_t step : {1, 3, 1'000}) {
    SeriesBits series;
    std::vector<SeriesId> expected;
    for (uint32_t i = 0; i < 40'000; i += step) series.add(SeriesId{i});
    for (const SeriesId id : *index.by_hash()) {
      if (raw(id) % step == 0) expected.push_back(id);
    }
    EXPECT_EQ(index.by_hash(series), expected);
    EXPECT_EQ(series.count(), expected.size());
  }
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

TEST(TagFilter, EndsBetweenTwoValuesWhenItIsCancelled) {
  SeriesIndex index(1);
  add(index, "a", "eu");
  const auto pattern = Predicate::match_tag(ColumnId{2}, "u$", false);
  const auto cancel = std::make_shared<std::atomic<bool>>(false);
  EXPECT_TRUE(TagFilter::compile(pattern, index, cancel));
  cancel->store(true);
  const auto filter = TagFilter::compile(pattern, index, cancel);
  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error().code, ErrorCode::kCancelled);
}

TEST(TagFilter, FindsInPartsWhatItFindsOneByOne) {
  SeriesIndex index(1);
  constexpr size_t kSeries = 3 * SeriesBits::kPartSeries + 100;
  for (size_t i = 0; i < kSeries; ++i) {
    // Region comes late, and not to all.
    const bool has_region = i > SeriesBits::kPartSeries && i % 5 != 0;
    add(index, i % 7 == 0 ? "even" : "h" + std::to_string(i),
        has_region || i % 7 == 0 ? "r" + std::to_string(i) : "");
  }
  const auto host = [](CompareOp op, std::string text) {
    return Predicate::compare_tag(ColumnId{1}, op, std::move(text));
  };
  const auto region = [](CompareOp op, std::string text) {
    return Predicate::compare_tag(ColumnId{2}, op, std::move(text));
  };
  const auto field = Predicate::compare_field(ColumnId{9}, ValueType::kFloat64,
                                              CompareOp::kGreater, 5.0);
  const std::vector<Predicate> predicates = {
      Predicate::always(true), Predicate::always(false), field,
      host(CompareOp::kEqual, "h20000"), host(CompareOp::kNotEqual, "h20000"),
      host(CompareOp::kEqual, "even"), host(CompareOp::kNotEqual, "even"),
      host(CompareOp::kEqual, "nobody"), host(CompareOp::kNotEqual, "nobody"),
      host(CompareOp::kLess, "h3"), region(CompareOp::kEqual, ""),
      region(CompareOp::kNotEqual, ""), Predicate::match_tag(ColumnId{1}, "h1.*9$", false),
      Predicate::match_tag(ColumnId{2}, "^$|3$", false),
      Predicate::match_tag(ColumnId{2}, "3", true), Predicate::match_tag(ColumnId{5}, ".", true),
      Predicate::all_of({region(CompareOp::kNotEqual, ""), host(CompareOp::kNotEqual, "even")}),
      Predicate::any_of({host(CompareOp::kEqual, "h5"), host(CompareOp::kEqual, "h49000")}),
      Predicate::all_of({Predicate::any_of({host(CompareOp::kEqual, "even"), field}),
                         Predicate::match_tag(ColumnId{2}, "1", false)}),
      Predicate::any_of({Predicate::all_of({host(CompareOp::kEqual, "h5"), field}),
                         Predicate::match_tag(ColumnId{1}, "8$", true)})};
  for (const Predicate& predicate : predicates) {
    auto filter = TagFilter::compile(predicate, index);
    ASSERT_TRUE(filter);
    SeriesBits found;
    for (size_t part = 0; part < filter->part_count(); ++part) {
      SeriesBits::Words words;
      if (filter->match_part(part, words)) found.part_to_write(part) = words;
    }
    for (uint32_t i = 0; i < kSeries; ++i) {
      ASSERT_EQ(found.has(SeriesId{i}), filter->may_match(SeriesId{i}))
          << predicate.to_string() << " of series " << i;
      ASSERT_EQ(filter->rest(SeriesId{i}).is_always_false(), !filter->may_match(SeriesId{i}));
    }
  }
}

// Senders choose keys, so hashes need not be spread evenly.
TEST(SeriesIndex, FindsLoadedSeriesHoweverTheirHashesAreSpread) {
  const auto expect_all = [](const std::vector<KeyHash>& hashes) {
    SeriesIndex index(1);
    index.begin_load(static_cast<uint32_t>(hashes.size()));
    for (size_t begin = 0; begin < hashes.size(); begin += 1'024) {
      const auto rest = std::span(hashes).subspan(begin);
      ASSERT_TRUE(index.load_hashes(rest.first(std::min<size_t>(1'024, rest.size()))));
    }
    index.finish_load();
    for (uint32_t i = 0; i < hashes.size(); ++i) {
      EXPECT_EQ(index.find(hashes[i]), SeriesId{i});
      EXPECT_FALSE(index.find({hashes[i].high, hashes[i].low + 1}));
      EXPECT_FALSE(index.find({hashes[i].high ^ 1, hashes[i].low}));
    }
    EXPECT_FALSE(index.find({UINT64_MAX, 0}));
    EXPECT_FALSE(index.find({0, 1}));
  };
  std::vector<KeyHash> even;
  std::vector<KeyHash> near;
  for (uint64_t i = 0; i < 5'000; ++i) {
    even.push_back({.high = ((i + 1) << 51) + 5, .low = i * 7});
    near.push_back({.high = 0x1234'5678'9abc'def0, .low = i * 2});
  }
  expect_all(even);
  expect_all(near);
  expect_all({even.front()});
  expect_all({});
}

TEST(SeriesIndex, RefusesToLoadHashesThatDoNotRise) {
  SeriesIndex index(1);
  index.begin_load(3);
  const std::vector<KeyHash> equal = {{.high = 1, .low = 2}, {.high = 1, .low = 2}};
  EXPECT_FALSE(index.load_hashes(equal));
  const std::vector<KeyHash> one = {{.high = 1, .low = 2}};
  EXPECT_TRUE(index.load_hashes(one));
  EXPECT_FALSE(index.load_hashes(one));
}

}  // namespace
}  // namespace varve::engine
