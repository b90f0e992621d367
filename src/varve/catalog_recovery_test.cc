// SPDX-License-Identifier: Apache-2.0
#include "varve/catalog_recovery.h"

#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/memory_key_value.h"

namespace varve {
namespace {

constexpr int64_t kWeekNs = 604'800'000'000'000;

StoredTable stored(uint32_t id, const std::string& name, const std::vector<uint32_t>& segments) {
  StoredTable table;
  table.id = TableId{id};
  table.name = name;
  table.columns = {{.id = ColumnId{1},
                    .kind = ColumnKind::kTag,
                    .type = ValueType::kString,
                    .name = "host"},
                   {.id = ColumnId{3},
                    .kind = ColumnKind::kField,
                    .type = ValueType::kInt64,
                    .name = "value"}};
  for (const uint32_t segment : segments) {
    table.segments.emplace_back(SegmentId{segment},
                                TimeRange{segment * kWeekNs, (segment + 1) * kWeekNs});
  }
  return table;
}

class CatalogRecovery : public testing::Test {
 protected:
  std::unique_ptr<Catalog> open() { return open_catalog(disk_.open(), {}).value(); }
  CatalogEntries entries() {
    const auto store = disk_.open();
    const auto found = (*store->begin())->scan("");
    return {found->begin(), found->end()};
  }
  void replace(const CatalogEntries& before, const CatalogEntries& after) {
    const auto store = disk_.open();
    const auto change = store->begin().value();
    for (const auto& [key, value] : before) ASSERT_TRUE(change->remove(key));
    for (const auto& [key, value] : after) ASSERT_TRUE(change->put(key, value));
    ASSERT_TRUE(change->commit());
  }
  std::vector<std::string> recover(const std::vector<StoredTable>& tables) {
    const auto before = entries();
    auto after = before;
    auto sentences = add_stored_tables(tables, after);
    replace(before, after);
    return sentences;
  }

  MemoryKeyValueDisk disk_;
};

TEST_F(CatalogRecovery, GivesNamesToTablesThatNoEntryNames) {
  const auto sentences =
      recover({stored(4, "cpu", {1, 2}), stored(7, "", {2}), stored(9, "cpu", {5})});
  EXPECT_EQ(sentences.size(), 2u);
  const auto catalog = open();
  const auto picture = catalog->snapshot();
  ASSERT_EQ(picture->databases.size(), 2u);
  const auto first = picture->database("recovered-1")->policy("autogen");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->duration_ns, 0) << "it keeps for ever";
  EXPECT_EQ(first->segments.size(), 2u);
  const auto cpu = first->table("cpu");
  ASSERT_TRUE(cpu);
  EXPECT_EQ(cpu->id, TableId{4});
  ASSERT_EQ(cpu->columns.size(), 3u);
  EXPECT_EQ(cpu->tag("host")->id, ColumnId{1});
  EXPECT_EQ(cpu->columns[1].name, "column-2") << "no file has it: its id is held";
  EXPECT_EQ(cpu->field("value", ValueType::kInt64)->id, ColumnId{3});
  EXPECT_TRUE(first->table("table-7")) << "it shares a segment with the other";
  EXPECT_TRUE(picture->database("recovered-2")->policy("autogen")->table("cpu"));
  // Ids go on above everything.
  EXPECT_EQ(raw((*catalog->ensure_columns(first->id, "new", {}))->id), 10u);
  EXPECT_EQ(raw(catalog->ensure_segment(first->id, 20 * kWeekNs)->id), 6u);
}

TEST_F(CatalogRecovery, PutsATableWhereItsSegmentIsKnown) {
  PolicyId policy{};
  {
    const auto catalog = open();
    policy = (*catalog->create_database("shop", {}))->policies[0]->id;
    ASSERT_TRUE(catalog->ensure_columns(policy, "orders", {}));
    ASSERT_TRUE(catalog->ensure_segment(policy, 0));
  }
  auto lost = stored(2, "orders", {3});
  lost.segments.emplace_back(SegmentId{1}, TimeRange{0, 1});
  EXPECT_EQ(recover({lost}).size(), 1u) << "of the name";
  const auto shop = open()->snapshot()->database("shop")->policy("autogen");
  EXPECT_TRUE(shop->table("orders"));
  ASSERT_TRUE(shop->table("orders-2"));
  EXPECT_EQ(shop->table("orders-2")->id, TableId{2});
  EXPECT_EQ(shop->segments.size(), 2u);
}

TEST_F(CatalogRecovery, AddsTheColumnsThatATableHadSince) {
  {
    const auto catalog = open();
    const auto policy = (*catalog->create_database("shop", {}))->policies[0]->id;
    ASSERT_TRUE(catalog->ensure_columns(
        policy, "orders", {{"host", ColumnKind::kTag, ValueType::kString}}));
    ASSERT_TRUE(catalog->ensure_segment(policy, kWeekNs));
  }
  EXPECT_TRUE(recover({stored(1, "orders", {1})}).empty());
  const auto orders = open()->snapshot()->database("shop")->policy("autogen")->table("orders");
  ASSERT_EQ(orders->columns.size(), 3u);
  EXPECT_TRUE(orders->field("value", ValueType::kInt64));
}

}  // namespace
}  // namespace varve
