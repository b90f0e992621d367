// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/series_groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "io/random.h"
#include "model/series_key.h"

namespace varve::influxql {
namespace {

constexpr ColumnId kHost{1};
constexpr ColumnId kRegion{2};

struct Listed {
  std::vector<std::string> keys;
  SeriesList list;
};

Listed list_of(const std::vector<std::pair<std::string, std::string>>& series) {
  Listed listed;
  for (const auto& [host, region] : series) {
    std::vector<KeyCell> cells;
    if (!host.empty()) cells.push_back({.column = kHost, .text = host});
    if (!region.empty()) cells.push_back({.column = kRegion, .text = region});
    listed.keys.push_back(encode_series_key(cells));
  }
  std::ranges::sort(listed.keys, {}, [](const auto& key) { return series_key_hash(key); });
  for (const std::string& key : listed.keys) {
    listed.list.series.push_back({.hash = series_key_hash(key), .key = key});
  }
  return listed;
}

SeriesGroups groups_of(const SeriesList& list, std::span<const std::optional<ColumnId>> tags) {
  Interrupt never([] { return Result<void>(); });
  MemoryBudget budget(1 << 20);
  MemoryClaim memory(budget);
  auto groups = SeriesGroups::make("cpu", list, tags, never, memory);
  return groups ? std::move(*groups) : SeriesGroups();
}

TEST(SeriesGroups, AreSortedAndKnowTheirSeries) {
  SeededRandom random(1);
  const std::string hosts[] = {"", "host_1", "host_10", "host_2", "host_123456789",
                               "host_123456788", "h", "\xff", std::string("host_1\0x", 8)};
  const char* regions[] = {"", "east", "west"};
  std::map<std::pair<std::string, std::string>, int> unique;
  for (int i = 0; i < 200; ++i) {
    unique[{hosts[random.next_u64() % std::size(hosts)], regions[random.next_u64() % 3]}] = 1;
  }
  std::vector<std::pair<std::string, std::string>> series;
  for (const auto& [pair, count] : unique) series.push_back(pair);
  const Listed listed = list_of(series);
  const std::vector<std::vector<std::optional<ColumnId>>> dimensions = {
      {}, {kHost}, {kRegion}, {kHost, kRegion}, {std::nullopt, kHost}};
  for (const auto& tags : dimensions) {
    std::map<GroupKey, std::vector<uint32_t>> expected;
    for (uint32_t place = 0; place < listed.list.series.size(); ++place) {
      GroupKey key{.name = "cpu", .tags = {}};
      for (const auto& tag : tags) {
        key.tags.emplace_back(tag ? key_cell(listed.list.series[place].key, *tag) : "");
      }
      expected[key].push_back(place);
    }
    SeriesGroups groups = groups_of(listed.list, tags);
    ASSERT_EQ(groups.size(), expected.size());
    size_t group = 0;
    for (const auto& [key, places] : expected) {
      EXPECT_EQ(groups.keys()[group], key);
      EXPECT_TRUE(std::ranges::equal(groups.places(group), places));
      for (const uint32_t place : places) EXPECT_EQ(groups.group_of(place), group);
      ++group;
    }
    for (size_t place = 0; place < listed.list.series.size(); ++place) {
      for (const size_t hint : {size_t{0}, place, place + 1, size_t{1'000'000}}) {
        EXPECT_EQ(groups.find(listed.list.series[place].hash, hint), place);
      }
    }
    EXPECT_FALSE(groups.find({.high = 1, .low = 2}, 0));
  }
}

TEST(SeriesGroups, ForgetGroupsThatAreNotKept) {
  const Listed listed = list_of({{"a", "x"}, {"b", "x"}, {"b", "y"}, {"c", ""}});
  const std::vector<std::optional<ColumnId>> tags = {kHost};
  SeriesGroups groups = groups_of(listed.list, tags);
  groups.keep(std::vector<uint32_t>{1, 2});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups.series().size(), 3u);
  EXPECT_EQ(groups.places(0).size(), 2u);
  EXPECT_EQ(groups.places(1).size(), 1u);
  EXPECT_EQ(groups.take_keys()[1].tags, std::vector<std::string>{"c"});
  EXPECT_TRUE(std::ranges::is_sorted(groups.series()));
  EXPECT_FALSE(groups.find(series_key_hash(listed.keys[0]), 0) &&
               groups.find(series_key_hash(listed.keys[1]), 0) &&
               groups.find(series_key_hash(listed.keys[2]), 0) &&
               groups.find(series_key_hash(listed.keys[3]), 0));
}

TEST(SeriesGroups, AreNotMadeWithoutMemoryOrAfterTheEnd) {
  std::vector<std::pair<std::string, std::string>> series;
  for (int i = 0; i < 5'000; ++i) series.emplace_back("h" + std::to_string(i), "");
  const Listed listed = list_of(series);
  const std::vector<std::optional<ColumnId>> tags = {kHost};
  const auto error_of = [&](size_t bytes_max, bool is_over) {
    Interrupt interrupt([is_over]() -> Result<void> {
      if (is_over) return fail(ErrorCode::kCancelled, "query interrupted");
      return {};
    });
    MemoryBudget budget(bytes_max);
    MemoryClaim memory(budget);
    const auto groups = SeriesGroups::make("cpu", listed.list, tags, interrupt, memory);
    return groups ? ErrorCode::kInternal : groups.error().code;
  };
  EXPECT_EQ(error_of(1 << 22, false), ErrorCode::kInternal);  // They were made.
  EXPECT_EQ(error_of(1 << 16, false), ErrorCode::kOverloaded);
  EXPECT_EQ(error_of(1 << 22, true), ErrorCode::kCancelled);
}

TEST(SeriesGroups, AreNoneWithoutSeries) {
  const std::vector<std::optional<ColumnId>> tags = {kHost};
  EXPECT_EQ(groups_of(SeriesList{}, tags).size(), 0u);
  EXPECT_EQ(groups_of(SeriesList{}, {}).size(), 0u);
  EXPECT_EQ(SeriesGroups().size(), 0u);
}

}  // namespace
}  // namespace varve::influxql
