// SPDX-License-Identifier: Apache-2.0
#include "ingest/key_layout.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/series_key.h"

namespace varve {
namespace {

/// Tags "a", "b", ... in columns 1, 3, 5, ...; a field stands behind each.
Table table_with_tags(int tag_count) {
  Table table;
  table.name = "cpu";
  const auto add = [&](std::string name, ColumnKind kind) {
    const ColumnId id{static_cast<uint32_t>(table.columns.size() + 1)};
    table.columns.push_back({.id = id, .name = std::move(name), .kind = kind});
  };
  for (int i = 0; i < tag_count; ++i) {
    const std::string name(1, static_cast<char>('a' + i % 26));
    add(name + (i < 26 ? "" : std::to_string(i)), ColumnKind::kTag);
    add("a", ColumnKind::kField);
  }
  return table;
}

std::string key_of(const std::vector<KeyCell>& cells) { return encode_series_key(cells); }

TEST(KeyLayout, MakesCanonicalKeysOfThoseSpeltAlike) {
  const Table table = table_with_tags(3);
  auto layout = KeyLayout::of("cpu,c=1,a=2", table);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->canonical("cpu,c=1,a=2"), key_of({{ColumnId{1}, "2"}, {ColumnId{5}, "1"}}));
  const std::string long_text(300, 'x');
  EXPECT_EQ(layout->canonical("cpu,c=" + long_text + ",a=y"),
            key_of({{ColumnId{1}, "y"}, {ColumnId{5}, long_text}}));
}

TEST(KeyLayout, LeavesAloneWhatIsSpeltOtherwise) {
  const Table table = table_with_tags(3);
  auto layout = KeyLayout::of("cpu,a=1,b=2", table);
  ASSERT_TRUE(layout);
  for (const char* key :
       {"", "c", "cpu", "cpu,", "cpu,a=", "cpu,a=1", "cpu,a=1,", "cpu,a=1,b=", "cpu,a=,b=2",
        "cpu,b=2,a=1", "cpu,a=1,b=2,c=3", "cpu,a=1,b=2,", "mem,a=1,b=2", "cpu,a=1=1,b=2",
        "cpu,a=1\\,,b=2", "cpu,a=1,b=2\\ 3", "cpu,a=1,b=2 3", "cpu,a=1,b2=2", "cpu2,a=1,b=2"}) {
    EXPECT_EQ(layout->canonical(key), "") << key;
  }
  EXPECT_EQ(layout->canonical("cpu,a=1,b=" + std::string(KeyLayout::kKeyBytesMax, 'x')), "");
}

TEST(KeyLayout, IsNothingForKeysThatItCannotTell) {
  const Table table = table_with_tags(80);
  EXPECT_FALSE(KeyLayout::of("cpu", table)) << "no tags";
  EXPECT_FALSE(KeyLayout::of("cpu,a=1,unknown=2", table));
  EXPECT_FALSE(KeyLayout::of("cpu,a=1\\,1", table));
  EXPECT_FALSE(KeyLayout::of("cpu,a", table));
  std::string many = "cpu";
  size_t count = 0;
  for (const Column& column : table.columns) {
    if (column.kind != ColumnKind::kTag) continue;
    many += "," + column.name + "=1";
    if (++count == KeyLayout::kTagsMax) {
      auto layout = KeyLayout::of(many, table);
      ASSERT_TRUE(layout);
      EXPECT_NE(layout->canonical(many), "");
    }
  }
  EXPECT_FALSE(KeyLayout::of(many, table)) << "too many";
}

TEST(KeyLayout, KnowsWhetherItsColumnsAreStillThose) {
  Table table = table_with_tags(3);
  const auto layout = KeyLayout::of("cpu,a=1,b=2", table);
  ASSERT_TRUE(layout);
  EXPECT_TRUE(layout->fits(table));
  table.columns[2].name = "renamed";
  EXPECT_FALSE(layout->fits(table));
  EXPECT_FALSE(layout->fits(table_with_tags(1)));
}

}  // namespace
}  // namespace varve
