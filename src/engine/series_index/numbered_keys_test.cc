// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/numbered_keys.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "engine/series_index/fleet_keys.h"

namespace varve::engine {
namespace {

SeriesId add(SeriesIndex& index, const std::string& key) {
  return *index.add(series_key_hash(key), key);
}

TEST(NumberedKeys, AreTheKeysOfTheIndexAndNumberTheirTexts) {
  SeriesIndex index(7);
  std::vector<std::string> keys;
  std::vector<SeriesId> ids;
  for (size_t host = 0; host < 10'000; ++host) {
    keys.push_back(testing::fleet_key(host));
    ids.push_back(add(index, keys.back()));
  }
  const auto tags = index.tag_ids();
  NumberedKeys numbered(index, tags);
  std::map<std::pair<size_t, uint32_t>, std::string> text_of;
  std::map<std::pair<size_t, std::string>, uint32_t> number_of;
  std::string all = "before";
  std::vector<size_t> ends;
  std::vector<uint32_t> all_numbers = {77};
  numbered.append(std::span(ids).first(6'000), all, ends, all_numbers);
  numbered.append(std::span(ids).subspan(6'000), all, ends, all_numbers);
  ASSERT_EQ(ends.size(), keys.size());
  ASSERT_EQ(all_numbers.size(), 1 + keys.size() * tags.size());
  for (size_t host = 0; host < keys.size(); ++host) {
    const size_t begin = host == 0 ? 6 : ends[host - 1];
    ASSERT_EQ(std::string_view(all).substr(begin, ends[host] - begin), keys[host]);
    const auto numbers = std::span(all_numbers).subspan(1 + host * tags.size(), tags.size());
    for (size_t tag = 0; tag < tags.size(); ++tag) {
      const std::string text(key_cell(keys[host], tags[tag]));
      ASSERT_NE(numbers[tag], 0u);
      ASSERT_EQ(text_of.try_emplace({tag, numbers[tag]}, text).first->second, text);
      ASSERT_EQ((number_of.try_emplace({tag, text}, numbers[tag]).first->second), numbers[tag]);
    }
  }
}

TEST(NumberedKeys, GiveZeroForATagThatTheSeriesLacks) {
  SeriesIndex index(7);
  const std::string text(200, 'b');
  const std::string both = encode_series_key(
      {{.column = ColumnId{1}, .text = "a"}, {.column = ColumnId{300}, .text = text}});
  const std::string one = encode_series_key({{.column = ColumnId{300}, .text = "c"}});
  const SeriesId both_id = add(index, both);
  const SeriesId one_id = add(index, one);
  const SeriesId none_id = add(index, "");
  NumberedKeys numbered(index, {ColumnId{1}, ColumnId{7}, ColumnId{300}});
  std::string keys;
  std::vector<uint32_t> numbers;
  std::vector<size_t> ends;
  numbered.append(std::vector{both_id, one_id, none_id}, keys, ends, numbers);
  EXPECT_EQ(ends, (std::vector{both.size(), both.size() + one.size(), both.size() + one.size()}));
  EXPECT_EQ(keys, both + one);
  EXPECT_EQ(numbers, (std::vector<uint32_t>{1, 0, 1, 0, 0, 2, 0, 0, 0}));
}

}  // namespace
}  // namespace varve::engine
