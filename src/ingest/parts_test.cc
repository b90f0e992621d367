// SPDX-License-Identifier: Apache-2.0
// The small parts of the room, one by one.
#include <gtest/gtest.h>

#include <limits>

#include "ingest/drops.h"
#include "ingest/point_fields.h"
#include "ingest/point_list.h"
#include "ingest/raw_key_cache.h"
#include "ingest/segment_fields.h"
#include "ingest/table_fields.h"

namespace varve {
namespace {

TEST(Drops, PrintDurationsAsGoDoes) {
  EXPECT_EQ(duration_text(0), "0s");
  EXPECT_EQ(duration_text(1), "1ns");
  EXPECT_EQ(duration_text(1'100), "1.1µs");
  EXPECT_EQ(duration_text(2'200'000), "2.2ms");
  EXPECT_EQ(duration_text(3'300'000'000), "3.3s");
  EXPECT_EQ(duration_text(245'000'000'000), "4m5s");
  EXPECT_EQ(duration_text(245'001'000'000), "4m5.001s");
  EXPECT_EQ(duration_text(3'600'000'000'000), "1h0m0s");
  EXPECT_EQ(duration_text(604'800'000'000'000), "168h0m0s");
  EXPECT_EQ(duration_text(-1'500'000'000), "-1.5s");
}

TEST(Drops, QuoteNamesOfConflictsAsGoDoes) {
  Drops drops;
  drops.field_type_conflict("a\\b\x01", "é\"\n", ValueType::kBool, ValueType::kString);
  EXPECT_EQ(drops.reason(),
            "field type conflict: input field \"é\\\"\\n\" on measurement \"a\\\\b\\x01\" is type "
            "boolean, already exists as type string");
  drops.tag_named_time("m");
  EXPECT_EQ(drops.reason(),
            "invalid tag key: input tag \"time\" on measurement \"m\" is invalid")
      << "tags are looked at before fields";
  EXPECT_EQ(drops.point_count(), 2u);
}

TEST(Drops, NameExpiredSeriesAsLineProtocolDoes) {
  Drops drops;
  drops.begin(1'000'000'000, 5'000'000'000);
  drops.beyond_retention({"a,b", {{"k=", "x y"}}}, 1'000'000'000);
  drops.beyond_retention({"c", {}}, 2'000'000'000);
  const std::string reason = drops.reason();
  EXPECT_NE(reason.find("oldest point a\\,b,k\\==x\\ y at 1970"), std::string::npos) << reason;
  EXPECT_NE(reason.find("newest point c at 1970"), std::string::npos) << reason;
}

TEST(Drops, PrintTimesWithTheDigitsTheyNeed) {
  EXPECT_EQ(time_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time_text(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(time_text(1'577'836'800'500'000'000), "2020-01-01T00:00:00.5Z");
  EXPECT_EQ(time_text(kTimeMin), "1677-09-21T00:12:43.145224194Z");
  EXPECT_EQ(time_text(kTimeMax), "2262-04-11T23:47:16.854775806Z");
}

TEST(PointFields, KeepTheLastOfANameAndLeaveOutTime) {
  const auto field = [](std::string_view name, double value) {
    PointField made;
    made.name = name;
    made.f64 = value;
    return made;
  };
  PointFields reader;
  std::vector<PointField> fields = {field("a", 1), field("time", 2), field("a", 3), field("b", 4)};
  EXPECT_FALSE(reader.read(fields));
  EXPECT_TRUE(reader.has_time_field());
  ASSERT_EQ(reader.fields().size(), 2u);
  EXPECT_EQ(reader.fields()[0]->f64, 3);
  EXPECT_EQ(reader.fields()[1]->f64, 4);

  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) names.push_back("f" + std::to_string(i % 100));
  fields.clear();
  for (size_t i = 0; i < names.size(); ++i) fields.push_back(field(names[i], double(i)));
  EXPECT_FALSE(reader.read(fields));
  EXPECT_FALSE(reader.has_time_field());
  ASSERT_EQ(reader.fields().size(), 100u);
  EXPECT_EQ(reader.fields()[5]->f64, 105);
  fields.back().type = ValueType::kInt64;
  const auto conflict = reader.read(fields);
  ASSERT_TRUE(conflict);
  EXPECT_EQ(conflict->field, &fields.back());
  EXPECT_EQ(conflict->existing, ValueType::kFloat64);
}

TEST(SegmentFields, ClaimAllOrNothing) {
  Table table;
  table.columns = {{ColumnId{1}, "a", ColumnKind::kField, ValueType::kFloat64},
                   {ColumnId{2}, "a", ColumnKind::kField, ValueType::kInt64},
                   {ColumnId{3}, "a", ColumnKind::kTag, ValueType::kString},
                   {ColumnId{4}, "b", ColumnKind::kField, ValueType::kBool}};
  TableFields fields;
  fields.extend(table);
  EXPECT_EQ(fields.find("c"), nullptr);
  const auto* a = fields.find("a");
  const auto* b = fields.find("b");
  EXPECT_EQ(a->column(ValueType::kInt64), ColumnId{2});
  EXPECT_EQ(a->column(ValueType::kString), ColumnId{}) << "a tag is no field";

  SegmentFields segment({ColumnId{1}});
  using Claims = std::vector<SegmentFields::Claim>;
  const auto conflict =
      segment.claim(Claims{{b, ValueType::kBool}, {a, ValueType::kInt64}});
  ASSERT_TRUE(conflict);
  EXPECT_EQ(conflict->claim_index, 1u);
  EXPECT_EQ(conflict->existing, ValueType::kFloat64);
  EXPECT_FALSE(segment.contradiction(*b, ValueType::kString)) << "b was not claimed";
  EXPECT_FALSE(segment.claim(Claims{{b, ValueType::kBool}, {a, ValueType::kFloat64}}));
  EXPECT_EQ(segment.contradiction(*b, ValueType::kString), ValueType::kBool);

  SegmentFields both({ColumnId{1}, ColumnId{2}});
  EXPECT_FALSE(both.claim(Claims{{a, ValueType::kInt64}})) << "two nodes wrote two types";
}

TEST(SegmentFieldsRegistry, KeepsTheFirstAndForgetsTheDead) {
  SegmentFieldsRegistry registry;
  const auto first = std::make_shared<SegmentFields>(std::vector<ColumnId>{});
  const auto second = std::make_shared<SegmentFields>(std::vector<ColumnId>{});
  EXPECT_EQ(registry.put(TableId{1}, SegmentId{1}, first), first);
  EXPECT_EQ(registry.put(TableId{1}, SegmentId{1}, second), first);
  EXPECT_EQ(registry.put(TableId{2}, SegmentId{1}, second), second);
  registry.put(TableId{2}, SegmentId{9}, first);
  registry.keep_only({2}, {1});
  EXPECT_EQ(registry.find(TableId{1}, SegmentId{1}), nullptr);
  EXPECT_EQ(registry.find(TableId{2}, SegmentId{1}), second);
  EXPECT_EQ(registry.size(), 1u);

  const uint64_t before = registry.generation();
  registry.forget(TableId{2});
  EXPECT_EQ(registry.find(TableId{2}, SegmentId{1}), nullptr);
  EXPECT_GT(registry.generation(), before) << "builders look again";
}

TEST(RawKeyCache, FindsEachKeyInAnyOrder) {
  RawKeyCache cache;
  const auto raw_hash = [](int i) { return hash128_seeded("raw" + std::to_string(i), 1); };
  const auto canonical_hash = [](int i) { return hash128_seeded("key" + std::to_string(i), 2); };
  constexpr int kKeys = 5'000;
  for (int i = 0; i < kKeys; ++i) {
    EXPECT_EQ(cache.find(raw_hash(i)), nullptr);
    cache.put(raw_hash(i), canonical_hash(i), static_cast<uint32_t>(i), "key" + std::to_string(i));
  }
  EXPECT_EQ(cache.key_count(), static_cast<size_t>(kKeys));
  for (const int step : {1, 1, 7, 4'999, 1}) {
    for (int i = 0, key = 0; i < kKeys; ++i, key = (key + step) % kKeys) {
      const auto* series = cache.find(raw_hash(key));
      ASSERT_TRUE(series);
      ASSERT_EQ(series->table_index, static_cast<uint32_t>(key));
      ASSERT_EQ(series->key, "key" + std::to_string(key));
      ASSERT_EQ(series->hash, series_key_hash(series->key));
    }
  }
  EXPECT_EQ(cache.find(raw_hash(kKeys)), nullptr);
  cache.clear();
  EXPECT_EQ(cache.find(raw_hash(0)), nullptr);
  EXPECT_EQ(cache.key_count(), 0u);
}

TEST(RawKeyCache, BringsSpellingsOfOneSeriesTogether) {
  RawKeyCache cache;
  const auto canonical = hash128_seeded("k", 2);
  auto* one = cache.put(hash128("b=1,a=1"), canonical, 0, "k");
  one->batch_serial = 9;
  EXPECT_EQ(cache.put(hash128("a=1,b=1"), canonical, 0, "k")->batch_serial, 9u);
  EXPECT_EQ(cache.find(hash128("a=1,b=1")), cache.find(hash128("b=1,a=1")));
  EXPECT_EQ(cache.key_count(), 2u);
  // The raw key now means a series of another table.
  cache.put(hash128("a=1,b=1"), hash128_seeded("k", 3), 1, "k");
  EXPECT_EQ(cache.find(hash128("a=1,b=1"))->table_index, 1u);
  EXPECT_EQ(cache.find(hash128("b=1,a=1"))->table_index, 0u);
  EXPECT_EQ(cache.key_count(), 2u);
}

TEST(RawKeyCache, FindsKeysThatWereSpeltAlikeOnceOthersAreNot) {
  RawKeyCache cache;
  constexpr uint64_t kSeed = 5;
  for (const char* key : {"k", "l", "m"}) cache.put_alike(hash128(key), 0, key);
  cache.put_alike(hash128("other"), 1, "k");
  EXPECT_EQ(cache.key_count(), 4u);
  cache.index_canonical(0, kSeed);
  EXPECT_EQ(cache.key_count(), 4u);
  const auto* one = cache.put(hash128("spelt otherwise"), hash128_seeded("l", kSeed), 0, "l");
  EXPECT_EQ(one, cache.find(hash128("l")));
  EXPECT_EQ(cache.find(hash128("other"))->table_index, 1u);
}

TEST(PointList, GivesBackWhatWasAddedInChunks) {
  PointList points;
  for (int i = 0; i < 600; ++i) {
    points.add("t\0x", {{"b", "2"}, {"none", ""}, {"a", "1"}}, i);
    points.field("v", int64_t{i});
    if (i % 2 == 0) points.field("s", std::string_view("text"));
  }
  for (int round = 0; round < 2; ++round) {
    PointChunk chunk;
    int64_t count = 0;
    while (points.next(chunk)) {
      EXPECT_LE(chunk.points.size(), 256u);
      for (const auto& point : chunk.points) {
        EXPECT_EQ(point.time_ns, count);
        EXPECT_EQ(chunk.fields[point.fields_begin].i64, count);
        EXPECT_EQ(point.fields_end - point.fields_begin, count % 2 == 0 ? 2u : 1u);
        ++count;
      }
      const auto key = points.parse_key(chunk.points[0].raw_key);
      ASSERT_TRUE(key);
      EXPECT_EQ(key->table, std::string_view("t\0x"));
      ASSERT_EQ(key->tags.size(), 2u);
      EXPECT_EQ(key->tags[0].first, "a");
      EXPECT_EQ(key->tags[1].second, "2");
      points.reject(chunk.points[0], {ErrorCode::kInvalidInput, "no"});
    }
    EXPECT_EQ(count, 600);
    EXPECT_EQ(points.errors(), "point 0: no\npoint 256: no\npoint 512: no");
    points.rewind();
    EXPECT_EQ(points.errors(), "");
  }
}

}  // namespace
}  // namespace varve
