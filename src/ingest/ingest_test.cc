// SPDX-License-Identifier: Apache-2.0
#include "ingest/ingest.h"

#include <gtest/gtest.h>

#include <future>
#include <random>
#include <thread>

#include "base/memory_governor.h"
#include "catalog/memory_key_value.h"
#include "ingest/fake_store.h"
#include "ingest/point_list.h"

namespace varve {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;
constexpr int64_t kDayNs = 24 * kHourNs;
constexpr int64_t kNowNs = 1'577'836'800'000'000'000;  // 2020-01-01T00:00:00Z.

using Tags = std::vector<std::pair<std::string, std::string>>;
using Fields = std::vector<std::pair<std::string, Value>>;

struct Row {
  std::string table;
  Tags tags;
  Fields fields;
  int64_t time_ns = kNowNs;
};

std::unique_ptr<PointList> list_of(const std::vector<Row>& rows) {
  auto points = std::make_unique<PointList>();
  for (const auto& row : rows) {
    points->add(row.table, {row.tags.begin(), row.tags.end()}, row.time_ns);
    for (const auto& [name, value] : row.fields) {
      if (const auto* f64 = std::get_if<double>(&value)) points->field(name, *f64);
      if (const auto* i64 = std::get_if<int64_t>(&value)) points->field(name, *i64);
      if (const auto* u64 = std::get_if<uint64_t>(&value)) points->field(name, *u64);
      if (const auto* truth = std::get_if<bool>(&value)) points->field(name, *truth);
      if (const auto* text = std::get_if<std::string>(&value)) {
        points->field(name, std::string_view(*text));
      }
    }
  }
  return points;
}

Result<IngestSummary> write(Ingest& ingest, IngestTarget target,
                            std::unique_ptr<PointSource> points) {
  std::promise<Result<IngestSummary>> promise;
  ingest.write(std::move(target), std::move(points),
               [&](Result<IngestSummary> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

/// A node without doors: catalog, store and ingest.
struct World {
  explicit World(const IngestOptions& options = {}) : ingest_options(options) {
    CHECK(catalog->create_database("db", std::nullopt));
    start();
  }
  void start() {
    ingest.reset();
    ingest = make_ingest(*catalog, store, clock, random, ingest_options);
  }
  Result<IngestSummary> write(const std::vector<Row>& rows, std::string policy = "") {
    return varve::write(*ingest, {"db", std::move(policy)}, list_of(rows));
  }
  std::string reason(const std::vector<Row>& rows, std::string policy = "") {
    const auto summary = write(rows, std::move(policy));
    return summary ? summary->drop_reason : "error: " + summary.error().message;
  }
  TableRef table(std::string_view name) {
    return catalog->snapshot()->database("db")->policy("autogen")->table(name);
  }
  /// Cells in words: "cpu,host=a usage@<time - now>=f1.000000".
  std::map<std::string, std::string> cells() {
    std::map<uint32_t, TableRef> tables;
    for (const auto& policy : catalog->snapshot()->database("db")->policies) {
      for (const auto& table : policy->tables()) tables.emplace(raw(table->id), table);
    }
    std::map<std::string, std::string> words;
    for (const auto& [cell, value] : store.cells()) {
      const auto& [table_id, key, time_ns, column] = cell;
      const auto table = tables.find(table_id);
      if (table == tables.end()) continue;
      std::string word = table->second->name;
      std::map<std::string, std::string> tags;
      const auto key_cells = decode_series_key(key);
      for (const auto& tag : *key_cells) {
        tags.emplace(table->second->column(tag.column)->name, tag.text);
      }
      for (const auto& [name, text] : tags) word += "," + name + "=" + text;
      word += " " + table->second->column(ColumnId{column})->name;
      words[word + "@" + std::to_string(time_ns - kNowNs)] = value;
    }
    return words;
  }

  IngestOptions ingest_options;
  MemoryKeyValueDisk disk;
  std::unique_ptr<Catalog> catalog = std::move(*open_catalog(disk.open(), {}));
  FakeStore store;
  SimulatedClock clock{kNowNs};
  SeededRandom random{7};
  std::unique_ptr<Ingest> ingest;
};

using Words = std::map<std::string, std::string>;

TEST(Ingest, MakesTablesColumnsAndSegmentsThatItMeets) {
  World world;
  const auto summary = world.write(
      {{"cpu", {{"host", "a"}}, {{"usage", 1.5}, {"count", int64_t{2}}}},
       {"cpu", {{"host", "b"}, {"dc", "x"}}, {{"up", true}}, kNowNs + 10},
       {"mem", {}, {{"note", std::string("full")}, {"big", uint64_t{3}}}, kNowNs + 14 * kDayNs}});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->rows_written, 3u);
  EXPECT_EQ(summary->rows_dropped, 0u);
  EXPECT_EQ(summary->drop_reason, "");
  EXPECT_EQ(summary->policy, "autogen");
  EXPECT_EQ(world.cells(), (Words{{"cpu,host=a usage@0", "f1.500000"},
                                  {"cpu,host=a count@0", "i2"},
                                  {"cpu,dc=x,host=b up@10", "true"},
                                  {"mem note@1209600000000000", "sfull"},
                                  {"mem big@1209600000000000", "u3"}}));
  EXPECT_EQ(world.catalog->snapshot()->database("db")->policy("autogen")->segments.size(), 2u);
  EXPECT_EQ(world.store.batch_count(), 2u);
  EXPECT_EQ(world.store.batch_ids().size(), 1u) << "one request, one batch id";
}

TEST(Ingest, MakesEachTableWithOneChange) {
  World world;
  const auto commits = world.disk.commit_count();
  ASSERT_TRUE(world.write({{"cpu", {{"host", "a"}, {"dc", "x"}}, {{"u", 1.0}, {"v", 1.0}}},
                           {"cpu", {{"rack", "a"}}, {{"w", 1.0}}}}));
  EXPECT_EQ(world.disk.commit_count() - commits, 2u) << "the table, and its segment";
  ASSERT_TRUE(world.write({{"cpu", {{"host", "z"}, {"rack", "x"}}, {{"v", 1.0}, {"w", 1.0}}}}));
  EXPECT_EQ(world.disk.commit_count() - commits, 2u) << "known shapes need no catalog";
}

TEST(Ingest, SaysWhatItCannotFindInInfluxDbsWords) {
  World world;
  const auto refused = [&](IngestTarget target) {
    const std::vector<Row> rows = {{"cpu", {}, {{"v", 1.0}}}};
    const auto result = write(*world.ingest, std::move(target), list_of(rows));
    return result ? "" : result.error().message;
  };
  EXPECT_EQ(refused({"nope", ""}), "database not found: \"nope\"");
  EXPECT_EQ(refused({"db", "\"autogen\""}), "retention policy not found: \"autogen\"");
  ASSERT_TRUE(world.catalog->drop_policy("db", "autogen"));
  EXPECT_EQ(refused({"db", ""}), "retention policy not found: autogen");
}

TEST(Ingest, DropsPointsWhoseFieldHasAnotherTypeInTheSegment) {
  World world;
  ASSERT_TRUE(world.write({{"cpu", {}, {{"v", 0.5}}, kNowNs}}));
  const auto summary = world.write({{"cpu", {}, {{"v", 1.0}}, kNowNs + 1},
                                    {"cpu", {}, {{"v", int64_t{2}}}, kNowNs + 2},
                                    {"cpu", {}, {{"v", 3.0}}, kNowNs + 3},
                                    {"mem", {}, {{"v", int64_t{2}}}, kNowNs + 3}});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->rows_written, 3u);
  EXPECT_EQ(summary->rows_dropped, 1u);
  EXPECT_EQ(summary->drop_reason,
            "field type conflict: input field \"v\" on measurement \"cpu\" is type integer, "
            "already exists as type float");
  EXPECT_EQ(world.cells(), (Words{{"cpu v@0", "f0.500000"},
                                  {"cpu v@1", "f1.000000"},
                                  {"cpu v@3", "f3.000000"},
                                  {"mem v@3", "i2"}}));
  EXPECT_EQ(world.table("cpu")->columns.size(), 1u) << "no column for a point that is dropped";
}

TEST(Ingest, NamesEveryPairOfTypesInConflict) {
  const std::vector<std::pair<std::string, Value>> values = {{"float", 1.5},
                                                             {"integer", int64_t{2}},
                                                             {"string", std::string("x")},
                                                             {"boolean", true},
                                                             {"unsigned", uint64_t{4}}};
  for (const auto& [first_name, first] : values) {
    for (const auto& [second_name, second] : values) {
      if (first_name == second_name) continue;
      const std::string text =
          "field type conflict: input field \"v\" on measurement \"cpu\" is type " +
          second_name + ", already exists as type " + first_name;
      World apart;
      ASSERT_TRUE(apart.write({{"cpu", {{"h", "a"}}, {{"v", first}}}}));
      EXPECT_EQ(apart.reason({{"cpu", {{"h", "b"}}, {{"v", second}}, kNowNs + 1}}), text);
      World together;
      EXPECT_EQ(together.reason({{"cpu", {{"h", "a"}}, {{"v", first}}},
                                 {"cpu", {{"h", "b"}}, {{"v", second}}, kNowNs + 1}}),
                text);
      EXPECT_EQ(together.cells().size(), 1u) << "the good point is stored";
    }
  }
}

TEST(Ingest, DropsTheWholePointAndTakesNoTypeFromIt) {
  World world;
  ASSERT_TRUE(world.write({{"cpu", {}, {{"a", int64_t{1}}}}}));
  EXPECT_NE(world.reason({{"cpu", {}, {{"b", 2.0}, {"a", 1.0}}, kNowNs + 1}}), "");
  EXPECT_EQ(world.cells(), (Words{{"cpu a@0", "i1"}}));
  EXPECT_EQ(world.reason({{"cpu", {}, {{"b", int64_t{5}}}, kNowNs + 2}}), "")
      << "b is still free to be an integer";
  EXPECT_EQ(world.reason({{"cpu", {}, {{"n", 1.0}, {"n", int64_t{1}}}}}),
            "field type conflict: input field \"n\" on measurement \"cpu\" is type integer, "
            "already exists as type float");
}

TEST(Ingest, MakesNothingForAPointThatIsDroppedAnyway) {
  World world({.fields_per_point_max = 3});
  EXPECT_NE(world.reason({{"a", {{"h", "x"}}, {{"n", 1.0}, {"n", true}}}}), "");
  EXPECT_NE(world.reason({{"b", {{"h", "x"}}, {{"time", 1.0}}}}), "");
  EXPECT_NE(world.reason({{"c", {}, {{"p", 1.0}, {"q", 1.0}, {"r", 1.0}, {"s", 1.0}}}}), "");
  EXPECT_NE(world.reason({{"d", {{"time", "x"}}, {{"n", 1.0}}}}), "");
  EXPECT_TRUE(world.catalog->live_tables().empty());
  EXPECT_TRUE(world.catalog->snapshot()->database("db")->policy("autogen")->segments.empty());
}

TEST(Ingest, LetsAnotherSegmentHaveAnotherType) {
  World world;
  ASSERT_TRUE(world.write({{"cpu", {}, {{"v", 0.5}}, kNowNs - 30 * kDayNs}}));
  EXPECT_EQ(world.reason({{"cpu", {}, {{"v", int64_t{1}}}, kNowNs}}), "");
  EXPECT_EQ(world.table("cpu")->fields("v").size(), 2u);
  // One request, both weeks, both types in each: the first of a week decides.
  EXPECT_NE(world.reason({{"cpu", {}, {{"v", int64_t{1}}}, kNowNs - 30 * kDayNs},
                          {"cpu", {}, {{"v", 2.5}}, kNowNs - 30 * kDayNs + 1},
                          {"cpu", {}, {{"v", int64_t{1}}}, kNowNs + 1},
                          {"cpu", {}, {{"v", 2.5}}, kNowNs + 2}}),
            "");
  EXPECT_EQ(world.cells(), (Words{{"cpu v@-2592000000000000", "f0.500000"},
                                  {"cpu v@-2591999999999999", "f2.500000"},
                                  {"cpu v@0", "i1"},
                                  {"cpu v@1", "i1"}}));
}

TEST(Ingest, LetsAFieldHaveAnotherTypeOnceItsRowsAreDeleted) {
  World world;
  ASSERT_TRUE(world.write({{"cpu", {}, {{"v", 1.5}}}, {"mem", {}, {{"v", 1.5}}}}));
  const std::string taken = "field type conflict: input field \"v\" on measurement \"cpu\" is type "
                            "integer, already exists as type float";
  const std::vector<Row> other = {{"cpu", {}, {{"v", int64_t{1}}}}};
  EXPECT_EQ(world.reason(other), taken);
  const TableId cpu = world.table("cpu")->id;
  world.ingest->forget_fields(cpu);
  EXPECT_EQ(world.reason(other), taken) << "the store still has it";
  ASSERT_TRUE(world.store.remove({.table = cpu, .range = {}, .predicate = {}}));
  world.ingest->forget_fields(cpu);
  EXPECT_EQ(world.reason(other), "");
  EXPECT_EQ(world.cells(), (Words{{"cpu v@0", "i1"}, {"mem v@0", "f1.500000"}}));
  EXPECT_EQ(world.reason({{"cpu", {}, {{"v", 2.5}}}}),
            "field type conflict: input field \"v\" on measurement \"cpu\" is type float, already "
            "exists as type integer");
}

TEST(Ingest, RemembersTypesAcrossARestart) {
  World world;
  ASSERT_TRUE(world.write({{"cpu", {}, {{"v", 0.5}}}}));
  world.start();
  EXPECT_NE(world.reason({{"cpu", {}, {{"v", int64_t{1}}}, kNowNs + 1}}), "");
  EXPECT_EQ(world.reason({{"cpu", {}, {{"v", 1.5}}, kNowNs + 1}}), "");
}

TEST(Ingest, TreatsTheNameTimeAsInfluxDbDoes) {
  World world;
  auto summary = world.write({{"cpu", {{"time", "5"}}, {{"v", 2.0}}},
                              {"cpu", {}, {{"v", 3.0}}, kNowNs + 1}});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->rows_dropped, 1u);
  EXPECT_EQ(summary->drop_reason,
            "invalid tag key: input tag \"time\" on measurement \"cpu\" is invalid");
  summary = world.write({{"cpu", {}, {{"time", 5.0}, {"v", 2.0}}, kNowNs + 2}});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->rows_dropped, 0u);
  EXPECT_EQ(summary->rows_written, 1u);
  EXPECT_EQ(summary->drop_reason,
            "invalid field name: input field \"time\" on measurement \"cpu\" is invalid. "
            "Field \"time\" has been stripped from point.");
  summary = world.write({{"cpu", {}, {{"time", 5.0}}, kNowNs + 3}});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->rows_dropped, 1u);
  EXPECT_EQ(world.cells(), (Words{{"cpu v@1", "f3.000000"}, {"cpu v@2", "f2.000000"}}));
  EXPECT_EQ(world.table("cpu")->columns.size(), 1u);
}

TEST(Ingest, DropsPointsBeyondRetention) {
  World world;
  ASSERT_TRUE(world.catalog->create_policy("db", {.name = "short", .duration_ns = kHourNs}));
  const auto summary = world.write({{"cpu", {}, {{"v", 1.0}}, kNowNs - kHourNs - 1},
                                    {"cpu", {}, {{"v", 2.0}}, kNowNs - kHourNs},
                                    {"cpu", {}, {{"v", 3.0}}, kNowNs - 2 * kDayNs}},
                                   "short");
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->rows_written, 1u);
  EXPECT_EQ(summary->rows_dropped, 2u);
  EXPECT_EQ(summary->policy, "short");
  EXPECT_EQ(summary->drop_reason,
            std::string("dropped 2 points outside retention policy of duration 1h0m0s - oldest "
                        "point cpu at 2019-12-30T00:00:00Z dropped because it violates a "
                        "Retention Policy Lower Bound at 2019-12-31T23:00:00Z, newest point "
                        "cpu at 2019-12-31T22:59:59.999999999Z dropped because it violates a "
                        "Retention Policy Lower Bound at 2019-12-31T23:00:00Z"));
  EXPECT_EQ(world.store.cells().size(), 1u);
  // Nothing is made for points that are not stored.
  ASSERT_TRUE(world.write({{"old", {}, {{"v", 1.0}}, kNowNs - 2 * kHourNs}}, "short"));
  EXPECT_FALSE(world.catalog->snapshot()->database("db")->policy("short")->table("old"));
}

TEST(Ingest, TakesTheLastOfAFieldThatAPointHasTwice) {
  World world;
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(world.write({{"cpu", {}, {{"v", 1.0}, {"w", 2.0}, {"v", 3.0}}, kNowNs + round}}));
  }
  EXPECT_EQ(world.cells(), (Words{{"cpu v@0", "f3.000000"},
                                  {"cpu w@0", "f2.000000"},
                                  {"cpu v@1", "f3.000000"},
                                  {"cpu w@1", "f2.000000"}}));
}

TEST(Ingest, HoldsToTheLimitOfFields) {
  World world({.fields_per_point_max = 30});
  Row row{"cpu", {}, {}};
  for (int i = 0; i < 30; ++i) row.fields.emplace_back("f" + std::to_string(i), double(i));
  EXPECT_EQ(world.reason({row}), "");
  row.fields.emplace_back("one more", 1.0);
  EXPECT_EQ(world.reason({row}),
            "too many fields in a point of measurement \"cpu\": 31, fields_per_point_max=30");
  EXPECT_EQ(world.cells().size(), 30u);
}

TEST(Ingest, WritesNothingIntoATableThatWasDropped) {
  World world;
  const std::vector<Row> rows = {{"cpu", {{"host", "a"}}, {{"v", 1.0}}}};
  ASSERT_TRUE(world.write(rows));
  const auto first = world.table("cpu")->id;
  ASSERT_TRUE(world.catalog->drop_table(
      world.catalog->snapshot()->database("db")->policy("autogen")->id, "cpu"));
  ASSERT_TRUE(world.write({{"cpu", {{"zone", "z"}, {"host", "a"}}, {{"v", true}}}}));
  ASSERT_TRUE(world.write({{"cpu", {{"host", "a"}}, {{"v", false}}, kNowNs + 1}}));
  EXPECT_NE(world.table("cpu")->id, first);
  EXPECT_EQ(world.cells(), (Words{{"cpu,host=a,zone=z v@0", "true"}, {"cpu,host=a v@1", "false"}}));

  ASSERT_TRUE(world.catalog->drop_database("db"));
  ASSERT_TRUE(world.catalog->create_database("db", std::nullopt));
  ASSERT_TRUE(world.write(rows));
  EXPECT_EQ(world.cells(), (Words{{"cpu,host=a v@0", "f1.000000"}}));
}

TEST(Ingest, PassesErrorsOfTheStoreOn) {
  World world;
  world.store.fail_with(Error{ErrorCode::kNoSpace, "the disk is full"});
  const auto refused = world.write({{"cpu", {}, {{"v", 1.0}}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(refused.error().message, "the disk is full");
  world.store.fail_with(std::nullopt);
  EXPECT_TRUE(world.write({{"cpu", {}, {{"v", 1.0}}}}));
}

TEST(Ingest, PassesErrorsOfTheCatalogOn) {
  World world;
  world.disk.fail_commit(1, Error{ErrorCode::kIo, "catalog.db: no"});
  const auto refused = world.write({{"cpu", {}, {{"v", 1.0}}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "catalog.db: no");
  EXPECT_TRUE(world.write({{"cpu", {}, {{"v", 1.0}}}}));
}

TEST(Ingest, AnswersWithoutTheStoreWhenNothingIsLeft) {
  World world;
  const auto summary = world.write({});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->rows_written, 0u);
  EXPECT_EQ(world.store.write_count(), 0u);
}

TEST(Ingest, RefusesAfterStop) {
  World world;
  world.ingest->stop();
  const auto refused = world.write({{"cpu", {}, {{"v", 1.0}}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCancelled);
}

/// Points whose first reading waits until it is told to go on.
class HeldPoints final : public PointSource {
 public:
  HeldPoints(std::unique_ptr<PointSource> points, std::shared_future<void> go)
      : points_(std::move(points)), go_(std::move(go)) {}
  bool next(PointChunk& chunk) override { return points_->next(chunk); }
  Result<PointKey> parse_key(std::string_view raw_key) override {
    return points_->parse_key(raw_key);
  }
  void reject(const Point& point, const Error& error) override { points_->reject(point, error); }
  // Only the catalog's thread starts over.
  void rewind() override {
    go_.wait();
    points_->rewind();
  }
  std::string errors() const override { return points_->errors(); }

 private:
  std::unique_ptr<PointSource> points_;
  std::shared_future<void> go_;
};

TEST(Ingest, RefusesWhenTooManyRequestsWaitForTheCatalogAndFinishesThoseThatDo) {
  World world({.parked_requests_max = 2});
  std::promise<void> go;
  const auto gone = go.get_future().share();
  std::vector<std::future<Result<IngestSummary>>> answers;
  const auto send = [&](std::string table) {
    auto promise = std::make_shared<std::promise<Result<IngestSummary>>>();
    answers.push_back(promise->get_future());
    world.ingest->write(
        {"db", ""},
        std::make_unique<HeldPoints>(list_of({{std::move(table), {}, {{"v", 1.0}}}}), gone),
        [promise](Result<IngestSummary> result) { promise->set_value(std::move(result)); });
  };
  // One is being served, two wait at the most; so of four at least one is refused.
  for (int i = 0; i < 4; ++i) send("t" + std::to_string(i));
  go.set_value();
  world.ingest->stop();
  int refused = 0;
  for (auto& answer : answers) {
    const auto result = answer.get();
    if (result) continue;
    ++refused;
    EXPECT_EQ(result.error().code, ErrorCode::kOverloaded);
  }
  EXPECT_GE(refused, 1);
  EXPECT_LE(refused, 2);
  EXPECT_EQ(world.cells().size(), 4u - static_cast<size_t>(refused));
}

/// Points that take as much memory as the test says.
class LargePoints final : public PointSource {
 public:
  LargePoints(std::unique_ptr<PointSource> points, size_t size_bytes)
      : points_(std::move(points)), size_bytes_(size_bytes) {}
  bool next(PointChunk& chunk) override { return points_->next(chunk); }
  Result<PointKey> parse_key(std::string_view raw_key) override {
    return points_->parse_key(raw_key);
  }
  void reject(const Point& point, const Error& error) override { points_->reject(point, error); }
  void rewind() override { points_->rewind(); }
  std::string errors() const override { return points_->errors(); }
  size_t size_bytes() const override { return size_bytes_; }

 private:
  std::unique_ptr<PointSource> points_;
  size_t size_bytes_;
};

TEST(Ingest, RefusesRowsForWhichThereIsNoMemoryBeforeItMakesThem) {
  MemoryGovernor governor(64u << 20, {});
  World world({.memory = &governor});
  const auto write_of = [&](size_t size_bytes) {
    return write(*world.ingest, {"db", ""},
                 std::make_unique<LargePoints>(list_of({{"t", {}, {{"v", 1.0}}}}), size_bytes));
  };
  const auto refused = write_of(64u << 20);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(world.cells().size(), 0u);
  EXPECT_TRUE(write_of(1u << 20));
  EXPECT_EQ(governor.used_bytes(), 0u) << "given back when the rows are stored";
}

/// A source whose keys are partly malformed.
class MalformedKeys final : public PointSource {
 public:
  explicit MalformedKeys(std::vector<Row> rows) : points_(list_of(rows)) {}
  bool next(PointChunk& chunk) override { return points_->next(chunk); }
  Result<PointKey> parse_key(std::string_view raw_key) override {
    auto key = points_->parse_key(raw_key);
    if (key->table == "bad") return fail(ErrorCode::kInvalidInput, "missing tag value");
    return key;
  }
  void reject(const Point& point, const Error& error) override { points_->reject(point, error); }
  void rewind() override { points_->rewind(); }
  std::string errors() const override { return points_->errors(); }

 private:
  std::unique_ptr<PointList> points_;
};

TEST(Ingest, RejectsMalformedKeysOnceAndStoresTheRest) {
  World world;
  for (int round = 0; round < 2; ++round) {
    const Row bad{"bad", {}, {{"v", 1.0}}};
    const std::vector<Row> rows = {{"cpu", {}, {{"v", 1.0}}}, bad, bad};
    const auto summary =
        write(*world.ingest, {"db", ""}, std::make_unique<MalformedKeys>(rows));
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->rows_written, 1u);
    EXPECT_EQ(summary->rows_dropped, 0u);
    EXPECT_EQ(summary->parse_errors, "point 1: missing tag value\npoint 2: missing tag value");
  }
}

}  // namespace
}  // namespace varve
