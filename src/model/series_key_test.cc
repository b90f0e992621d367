// SPDX-License-Identifier: Apache-2.0
#include "model/series_key.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

TEST(SeriesKey, HasTheBytesThatTheFormatDescribes) {
  const std::string key = encode_series_key(
      {{.column = ColumnId{2}, .text = "host01"}, {.column = ColumnId{300}, .text = "eu"}});
  EXPECT_EQ(key, std::string("\x02\x05\x06host01\xac\x02\x05\x02" "eu"));
}

TEST(SeriesKey, HashesAsTheFormatSays) {
  // docs/formats/series_key.md: equal on every node and in every version.
  const KeyHash empty = series_key_hash("");
  const KeyHash one = series_key_hash(encode_series_key({{.column = ColumnId{1}, .text = "a"}}));
  EXPECT_EQ(empty.high, 0x99aa06d3014798d8ull);
  EXPECT_EQ(empty.low, 0x6001c324468d497full);
  EXPECT_NE(one, empty);
}

TEST(SeriesKey, DecodesWhatItEncodes) {
  const std::string key = encode_series_key(
      {{.column = ColumnId{0}, .text = "x"}, {.column = ColumnId{UINT32_MAX}, .text = "y z"}});
  const auto cells = decode_series_key(key);
  ASSERT_TRUE(cells);
  ASSERT_EQ(cells->size(), 2u);
  EXPECT_EQ((*cells)[0].text, "x");
  EXPECT_EQ((*cells)[1].column, ColumnId{UINT32_MAX});
  EXPECT_EQ((*cells)[1].text, "y z");
  EXPECT_TRUE(decode_series_key("")->empty());
}

TEST(SeriesKey, FindsACellOrNothing) {
  const std::string key = encode_series_key(
      {{.column = ColumnId{2}, .text = "b"}, {.column = ColumnId{5}, .text = "e"}});
  EXPECT_EQ(key_cell(key, ColumnId{2}), "b");
  EXPECT_EQ(key_cell(key, ColumnId{5}), "e");
  EXPECT_EQ(key_cell(key, ColumnId{3}), "");
  EXPECT_EQ(key_cell(key, ColumnId{9}), "");
  EXPECT_EQ(key_cell("", ColumnId{1}), "");
}

TEST(SeriesKey, IsReadCellByCellInRisingOrder) {
  const std::string key = encode_series_key({{.column = ColumnId{2}, .text = "b"},
                                             {.column = ColumnId{5}, .text = "e"},
                                             {.column = ColumnId{300}, .text = "long id"}});
  KeyReader reader(key);
  EXPECT_EQ(reader.text(ColumnId{1}), "");
  EXPECT_EQ(reader.text(ColumnId{2}), "b");
  EXPECT_EQ(reader.text(ColumnId{2}), "b");
  EXPECT_EQ(reader.text(ColumnId{4}), "");
  EXPECT_EQ(reader.text(ColumnId{300}), "long id");
  EXPECT_EQ(reader.text(ColumnId{301}), "");
  EXPECT_EQ(KeyReader("").text(ColumnId{1}), "");
  EXPECT_EQ(KeyReader("\x02\x05\x06host").text(ColumnId{2}), "");
}

TEST(SeriesKey, RefusesBytesThatAreNoKey) {
  const auto refuses = [](std::string_view key, ErrorCode code) {
    const auto cells = decode_series_key(key);
    ASSERT_FALSE(cells) << key;
    EXPECT_EQ(cells.error().code, code);
  };
  refuses("\x02", ErrorCode::kCorrupt);
  refuses("\x02\x05\x06host", ErrorCode::kCorrupt);
  refuses(std::string_view("\x02\x05\x00", 3), ErrorCode::kCorrupt);
  refuses("\x02\x09\x01" "a", ErrorCode::kCorrupt);
  refuses("\x02\x05\x01" "a\x02\x05\x01" "b", ErrorCode::kCorrupt);
  refuses("\x02\x05\x01" "a\x01\x05\x01" "b", ErrorCode::kCorrupt);
  refuses(std::string_view("\x02\x02\0\0\0\0\0\0\0\0", 10), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace varve
