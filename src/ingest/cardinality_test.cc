// SPDX-License-Identifier: Apache-2.0
#include "ingest/cardinality.h"

#include <gtest/gtest.h>

#include <future>
#include <map>

#include "catalog/memory_key_value.h"
#include "ingest/fake_store.h"
#include "ingest/ingest.h"
#include "ingest/point_list.h"

namespace varve {
namespace {

using Tags = std::map<std::string, std::string>;

struct Row {
  std::string table;
  Tags tags;
  int64_t time_ns = 0;
};

/// A node without doors.
struct World {
  explicit World(const CardinalityLimits& limits) {
    options.cardinality = limits;
    CHECK(catalog->create_database("db", std::nullopt));
    CHECK(catalog->create_policy("db", {.name = "other", .duration_ns = 0}));
    start();
  }
  void start() {
    ingest.reset();
    ingest = make_ingest(*catalog, store, clock, random, options);
  }
  /// "ok", or why not.
  std::string write(const std::vector<Row>& rows, std::string policy = "") {
    auto points = std::make_unique<PointList>();
    for (const Row& row : rows) {
      points->add(row.table, {row.tags.begin(), row.tags.end()}, row.time_ns);
      points->field("v", 1.5);
    }
    std::promise<Result<IngestSummary>> promise;
    ingest->write({"db", std::move(policy)}, std::move(points),
                  [&](Result<IngestSummary> result) { promise.set_value(std::move(result)); });
    const auto summary = promise.get_future().get();
    if (summary) return summary->drop_reason.empty() ? "ok" : summary->drop_reason;
    EXPECT_EQ(summary.error().code, ErrorCode::kTooLarge);
    return summary.error().message;
  }
  PolicyRef policy() const { return catalog->snapshot()->database("db")->policy("autogen"); }
  /// As a DELETE without a condition does.
  void delete_all(const std::string& table) {
    const TableId id = policy()->table(table)->id;
    CHECK(store.remove({.table = id, .range = {}, .predicate = {}}));
    ingest->forget_fields(id);
  }

  IngestOptions options;
  MemoryKeyValueDisk disk;
  std::unique_ptr<Catalog> catalog = std::move(*open_catalog(disk.open(), {}));
  FakeStore store;
  SimulatedClock clock{1'577'836'800'000'000'000};
  SeededRandom random{7};
  std::unique_ptr<Ingest> ingest;
};

TEST(Cardinality, LimitsTheValuesOfEachTag) {
  World world({.tag_values_per_table_max = 3});
  EXPECT_EQ(world.write({{"m", {{"t", "a"}, {"u", "x"}}}, {"m", {{"t", "b"}, {"u", "x"}}}}), "ok");
  EXPECT_EQ(world.write({{"m", {{"t", "c"}}}}), "ok");
  const size_t cells = world.store.cells().size();
  const std::string full =
      "cardinality limit exceeded: measurement \"m\" tag \"t\" has 3 values (limit: 3)";
  // Nothing of the request is stored, also not in other measurements.
  EXPECT_EQ(world.write({{"m", {{"t", "a"}}, 5}, {"n", {}, 5}, {"m", {{"t", "d"}}, 5}}), full);
  EXPECT_EQ(world.store.cells().size(), cells);
  EXPECT_EQ(world.policy()->table("n"), nullptr);
  // What is known goes on, in new combinations too; so do other tags, measurements and policies.
  EXPECT_EQ(world.write({{"m", {{"t", "c"}, {"u", "y"}}, 5}}), "ok");
  EXPECT_EQ(world.write({{"n", {{"t", "d"}}}}), "ok");
  EXPECT_EQ(world.write({{"m", {{"t", "d"}}}}, "other"), "ok");
  EXPECT_EQ(world.write({{"m", {{"t", "d"}}}}), full);
}

TEST(Cardinality, LimitsARequestThatBringsTooMuchByItself) {
  World world({.tag_values_per_table_max = 2});
  EXPECT_EQ(world.write({{"m", {{"t", "a"}}}, {"m", {{"t", "b"}}}, {"m", {{"t", "c"}}}}),
            "cardinality limit exceeded: measurement \"m\" tag \"t\" has 0 values (limit: 2)");
  EXPECT_EQ(world.write({{"m", {{"t", "a"}}}, {"m", {{"t", "b"}}}, {"m", {{"t", "a"}}, 1}}), "ok");
}

TEST(Cardinality, LimitsMeasurementsByNameOverAllPolicies) {
  World world({.tables_per_database_max = 2});
  EXPECT_EQ(world.write({{"a", {}}, {"b", {}}}), "ok");
  EXPECT_EQ(world.write({{"a", {{"t", "new"}}}}), "ok");
  EXPECT_EQ(world.write({{"a", {}}}, "other"), "ok");
  const std::string full =
      "cardinality limit exceeded: database \"db\" has 2 measurements (limit: 2)";
  EXPECT_EQ(world.write({{"a", {}, 9}, {"c", {}}}), full);
  EXPECT_EQ(world.write({{"c", {}}}, "other"), full);
  EXPECT_TRUE(world.catalog->drop_table(world.policy()->id, "b"));
  EXPECT_EQ(world.write({{"c", {}}}), "ok");
}

TEST(Cardinality, LimitsSeriesOverAllMeasurements) {
  World world({.series_per_database_max = 3});
  EXPECT_EQ(world.write({{"a", {}}, {"a", {{"t", "x"}}}}), "ok");
  EXPECT_EQ(world.write({{"b", {{"t", "x"}}}, {"b", {{"t", "x"}}, 1}}), "ok");
  EXPECT_EQ(world.write({{"b", {{"t", "y"}}}}),
            "cardinality limit exceeded: database \"db\" has 3 series (limit: 3)");
  EXPECT_EQ(world.write({{"a", {}, 5}, {"a", {{"t", "x"}}, 5}, {"b", {{"t", "x"}}, 5}}), "ok");
}

TEST(Cardinality, HoldsAfterARestart) {
  World world({.tag_values_per_table_max = 2, .series_per_database_max = 2});
  EXPECT_EQ(world.write({{"m", {{"t", "a"}}}, {"m", {{"t", "b"}}}}), "ok");
  world.start();
  EXPECT_EQ(world.write({{"m", {{"t", "c"}}}}),
            "cardinality limit exceeded: measurement \"m\" tag \"t\" has 2 values (limit: 2)");
  EXPECT_EQ(world.write({{"n", {}}}),
            "cardinality limit exceeded: database \"db\" has 2 series (limit: 2)");
  EXPECT_EQ(world.write({{"m", {{"t", "b"}}, 1}}), "ok");
}

TEST(Cardinality, GivesRoomWhenRowsAreDeleted) {
  World world({.tag_values_per_table_max = 2, .series_per_database_max = 2});
  EXPECT_EQ(world.write({{"m", {{"t", "a"}}}, {"m", {{"t", "b"}}}}), "ok");
  world.delete_all("m");
  EXPECT_EQ(world.write({{"m", {{"t", "c"}}}, {"m", {{"t", "d"}}}}), "ok");
  // What was there before counts as new.
  EXPECT_EQ(world.write({{"m", {{"t", "a"}}}}),
            "cardinality limit exceeded: measurement \"m\" tag \"t\" has 2 values (limit: 2)");
}

TEST(Cardinality, AsksTheStoreAgainNowAndThenSinceSeriesMayGoUnsaid) {
  World world({.tag_values_per_table_max = 1});
  EXPECT_EQ(world.write({{"m", {{"t", "a"}}}}), "ok");
  // As when retention drops a segment.
  ASSERT_TRUE(world.store.remove(
      {.table = world.policy()->table("m")->id, .range = {}, .predicate = {}}));
  const size_t lists = world.store.list_count();
  for (int i = 0; i < 3; ++i) EXPECT_NE(world.write({{"m", {{"t", "b"}}}}), "ok");
  EXPECT_EQ(world.store.list_count(), lists);
  world.clock.advance_ns(11'000'000'000);
  EXPECT_EQ(world.write({{"m", {{"t", "b"}}}}), "ok");
  EXPECT_EQ(world.store.list_count(), lists + 1);
}

TEST(Cardinality, AsksNothingOfTheStoreForKnownSeries) {
  World world({.tag_values_per_table_max = 10, .series_per_database_max = 10});
  EXPECT_EQ(world.write({{"m", {{"t", "a"}}}}), "ok");
  const size_t lists = world.store.list_count();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(world.write({{"m", {{"t", "a"}}, i}}), "ok");
  EXPECT_EQ(world.write({{"m", {{"t", "b"}}}}), "ok");
  EXPECT_EQ(world.store.list_count(), lists);
}

}  // namespace
}  // namespace varve
