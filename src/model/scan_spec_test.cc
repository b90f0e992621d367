// SPDX-License-Identifier: Apache-2.0
#include "model/scan_spec.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

ScanSpec full_spec() {
  ScanSpec spec;
  spec.table = TableId{7};
  spec.range = {.begin_ns = 10, .end_ns = 20};
  spec.columns = {{.id = ColumnId{4}, .type = ValueType::kInt64},
                  {.id = ColumnId{5}, .type = ValueType::kString}};
  spec.predicate = Predicate::compare_tag(ColumnId{1}, CompareOp::kEqual, "a");
  spec.series = {{.high = 1, .low = 2}, {.high = 3, .low = 4}};
  spec.order = ScanOrder::kTime;
  spec.descending = true;
  spec.rows_limit = 100;
  spec.series_rows_limit = 300;
  spec.key_tags = {ColumnId{1}, ColumnId{2}};
  spec.group_by = GroupBy{
      .tags = {ColumnId{1}},
      .window = {.every_ns = 60, .origin_ns = -5},
      .aggregates = {{.function = AggregateFunction::kMax,
                      .column = {.id = ColumnId{4}, .type = ValueType::kInt64}}}};
  return spec;
}

TEST(ScanSpec, HasTheBytesThatTheFormatDescribes) {
  ScanSpec spec;
  spec.table = TableId{7};
  spec.range = {.begin_ns = 1, .end_ns = 2};
  spec.columns = {{.id = ColumnId{4}, .type = ValueType::kInt64}};
  spec.predicate = Predicate::compare_tag(ColumnId{1}, CompareOp::kEqual, "a");
  spec.rows_limit = 9;
  std::string bytes;
  encode_scan_spec(spec, bytes);
  const std::string expected =
      std::string("\x01\x00\x07", 3) + std::string("\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0", 16) +
      "\x01\x04\x02" + "\x05\x01\x01\x01" "a" + "\x01\x09";
  EXPECT_EQ(bytes, expected);
}

TEST(ScanSpec, ComesBackFromItsBytes) {
  const ScanSpec spec = full_spec();
  std::string bytes;
  encode_scan_spec(spec, bytes);
  const auto decoded = decode_scan_spec(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(to_string(*decoded), to_string(spec));
  std::string again;
  encode_scan_spec(*decoded, again);
  EXPECT_EQ(again, bytes);
  EXPECT_EQ(decoded->series, spec.series);
  EXPECT_EQ(decoded->series_rows_limit, 300u);
  EXPECT_EQ(decoded->key_tags, spec.key_tags);
  EXPECT_EQ(decoded->group_by->window.origin_ns, -5);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_scan_spec(std::string_view(bytes).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_scan_spec(bytes + "x"));
}

TEST(ScanSpec, PrintsAsSql) {
  EXPECT_EQ(to_string(full_spec()),
            "SELECT c1, max(c4), c4, c5 FROM t7 WHERE time >= 10 AND time < 20 AND series IN "
            "(2 hashes) AND c1 = 'a' GROUP BY c1, window(60, -5) ORDER BY time DESC LIMIT 100 "
            "LIMIT 300 BY series");
  EXPECT_EQ(to_string(ScanSpec{}), "SELECT time FROM t0 ORDER BY series, time");
}

}  // namespace
}  // namespace varve
