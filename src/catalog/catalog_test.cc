// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <thread>

#include "catalog/memory_key_value.h"
#include "catalog/records.h"

namespace varve {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;
constexpr int64_t kDayNs = 24 * kHourNs;

std::unique_ptr<Catalog> open(MemoryKeyValueDisk& disk, const CatalogLimits& limits = {}) {
  auto catalog = open_catalog(disk.open(), limits);
  EXPECT_TRUE(catalog.has_value()) << catalog.error().message;
  return std::move(*catalog);
}

template <class T>
std::string message(const Result<T>& result) {
  return result ? "" : result.error().message;
}

// Everything of a picture as text, to compare two.
std::string describe(const CatalogSnapshot& picture) {
  std::string text;
  for (const auto& [name, database] : picture.databases) {
    text += database_key(database->id) + encode_database(*database) + "\n";
    for (const auto& policy : database->policies) {
      text += policy_key(policy->id) + encode_policy(database->id, *policy) + "\n";
      for (const auto& table : policy->tables()) {
        text += table_key(policy->id, table->id) + encode_table(*table) + "\n";
      }
      for (const auto& segment : policy->segments) {
        text += segment_key(policy->id, segment.id) + encode_segment(segment) + "\n";
      }
    }
  }
  return text;
}

class CatalogTest : public testing::Test {
 protected:
  PolicyRef policy(std::string_view database, std::string_view name) {
    const auto found = catalog_->snapshot()->database(database);
    return found ? found->policy(name) : nullptr;
  }

  MemoryKeyValueDisk disk_;
  std::unique_ptr<Catalog> catalog_ = open(disk_);
};

TEST_F(CatalogTest, GivesADatabaseInfluxDbsDefaultPolicy) {
  const auto created = catalog_->create_database("telegraf", std::nullopt);
  ASSERT_TRUE(created) << message(created);
  EXPECT_EQ((*created)->default_policy, "autogen");
  const auto autogen = policy("telegraf", "autogen");
  ASSERT_TRUE(autogen);
  EXPECT_EQ(autogen->duration_ns, 0);
  EXPECT_EQ(autogen->segment_duration_ns, 7 * kDayNs);
  EXPECT_EQ(autogen->replica_count, 1u);
}

TEST_F(CatalogTest, CreatesADatabaseAgainOnlyWithTheSameOptions) {
  const auto create = [&](std::optional<PolicySpec> spec) {
    return message(catalog_->create_database("x", spec));
  };
  EXPECT_EQ(create(PolicySpec{.name = "", .duration_ns = kDayNs}), "");
  EXPECT_EQ(create(std::nullopt), "");
  EXPECT_EQ(create(PolicySpec{.name = "", .duration_ns = kDayNs}), "");
  const char* conflict = "retention policy conflicts with an existing policy";
  EXPECT_EQ(create(PolicySpec{.name = "", .duration_ns = 2 * kDayNs}), conflict);
  EXPECT_EQ(create(PolicySpec{.name = "other"}), conflict);
  EXPECT_EQ(create(PolicySpec{.name = "", .replica_count = 2}), conflict);
  EXPECT_EQ(catalog_->snapshot()->database("x")->policies.size(), 1u);
  EXPECT_EQ(policy("x", "autogen")->segment_duration_ns, kHourNs);
}

TEST_F(CatalogTest, RefusesNamesThatInfluxDbRefuses) {
  for (const std::string name : {"", ".", "..", "a/b", "a\\b", "a\tb"}) {
    EXPECT_EQ(message(catalog_->create_database(name, std::nullopt)), "invalid name") << name;
  }
  for (const std::string name : {"with space", "ü-日", "select", "..."}) {
    EXPECT_EQ(message(catalog_->create_database(name, std::nullopt)), "") << name;
  }
  EXPECT_EQ(message(catalog_->create_database("db", PolicySpec{.name = "a/b"})), "invalid name");
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  EXPECT_EQ(message(catalog_->create_policy("db", {.name = ""})), "invalid name");
  EXPECT_EQ(message(catalog_->create_policy("db", {.name = "."})), "invalid name");
}

TEST_F(CatalogTest, RefusesDurationsThatInfluxDbRefuses) {
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  const auto create = [&](int64_t duration_ns, int64_t segment_duration_ns) {
    const PolicySpec spec{
        .name = "p", .duration_ns = duration_ns, .segment_duration_ns = segment_duration_ns};
    const auto created = catalog_->create_policy("db", spec);
    EXPECT_TRUE(catalog_->drop_policy("db", "p"));
    return message(created);
  };
  const char* too_short = "retention policy duration must be at least 1h0m0s";
  const char* too_long_segment =
      "retention policy duration must be greater than the shard duration";
  EXPECT_EQ(create(1'000'000'000, 0), too_short);
  EXPECT_EQ(create(-1, 0), too_short);
  EXPECT_EQ(create(kHourNs, 2 * kHourNs), too_long_segment);
  EXPECT_EQ(create(kHourNs, 0), "");
  EXPECT_EQ(create(kHourNs, kHourNs / 2), "") << "half an hour becomes an hour";
  EXPECT_EQ(create(0, 0), "");
}

TEST_F(CatalogTest, CreatesAPolicyAgainOnlyWhenItIsTheSame) {
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  const auto create = [&](const PolicySpec& spec) {
    return message(catalog_->create_policy("db", spec));
  };
  EXPECT_EQ(create({.name = "autogen", .duration_ns = 0}), "");
  EXPECT_EQ(create({.name = "autogen", .duration_ns = kDayNs}), "retention policy already exists");
  EXPECT_EQ(create({.name = "p", .duration_ns = kDayNs}), "");
  EXPECT_EQ(create({.name = "p", .duration_ns = 2 * kDayNs}), "retention policy already exists");
  EXPECT_EQ(create({.name = "p", .duration_ns = kDayNs, .make_default = true}),
            "retention policy conflicts with an existing policy");
  EXPECT_EQ(message(catalog_->create_policy("none", {.name = "p"})), "database not found: none");
  EXPECT_EQ(catalog_->snapshot()->database("db")->default_policy, "autogen");
  EXPECT_EQ(create({.name = "q", .duration_ns = kDayNs, .make_default = true}), "");
  EXPECT_EQ(catalog_->snapshot()->database("db")->default_policy, "q");
}

TEST_F(CatalogTest, ChangesOnlyWhatIsSaidOfAPolicy) {
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  const PolicySpec first{
      .name = "p", .duration_ns = 2 * kDayNs, .segment_duration_ns = 2 * kHourNs};
  ASSERT_TRUE(catalog_->create_policy("db", first));
  const auto alter = [&](PolicySpec changes) {
    changes.name = "p";
    return message(catalog_->alter_policy("db", changes, std::nullopt));
  };
  EXPECT_EQ(alter({.name = "", .duration_ns = 0}), "");
  EXPECT_EQ(policy("db", "p")->duration_ns, 0);
  EXPECT_EQ(policy("db", "p")->segment_duration_ns, 2 * kHourNs);
  EXPECT_EQ(alter({.name = "", .duration_ns = 2 * kDayNs}), "");
  EXPECT_EQ(alter({.name = "", .duration_ns = kHourNs}),
            "retention policy duration must be greater than the shard duration");
  EXPECT_EQ(alter({.name = "", .segment_duration_ns = 7 * kDayNs}),
            "retention policy duration must be greater than the shard duration");
  EXPECT_EQ(alter({.name = "", .duration_ns = 300'000'000'000}),
            "retention policy duration must be at least 1h0m0s");
  EXPECT_EQ(alter({.name = "", .replica_count = 2, .make_default = true}), "");
  EXPECT_EQ(policy("db", "p")->replica_count, 2u);
  EXPECT_EQ(catalog_->snapshot()->database("db")->default_policy, "p");

  EXPECT_EQ(message(catalog_->alter_policy("db", {.name = "nope"}, std::nullopt)),
            "retention policy not found: nope");
  EXPECT_EQ(message(catalog_->alter_policy("no", {.name = "p"}, std::nullopt)),
            "database not found: no");
}

TEST_F(CatalogTest, RenamesAPolicyWithItsTables) {
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  const auto id = policy("db", "autogen")->id;
  ASSERT_TRUE(catalog_->ensure_columns(id, "cpu", {}));
  ASSERT_TRUE(catalog_->create_policy("db", {.name = "p"}));
  EXPECT_EQ(message(catalog_->alter_policy("db", {.name = "autogen"}, "p")),
            "retention policy name already exists");
  ASSERT_TRUE(catalog_->alter_policy("db", {.name = "autogen"}, "main"));
  EXPECT_EQ(policy("db", "main")->id, id);
  EXPECT_TRUE(policy("db", "main")->table("cpu"));
  EXPECT_FALSE(policy("db", "autogen"));
  EXPECT_EQ(catalog_->snapshot()->database("db")->default_policy, "main");
}

TEST_F(CatalogTest, KeepsTheNameOfADroppedDefaultPolicy) {
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  ASSERT_TRUE(catalog_->drop_policy("db", "autogen"));
  EXPECT_EQ(catalog_->snapshot()->database("db")->default_policy, "autogen");
  EXPECT_FALSE(policy("db", "autogen"));
  EXPECT_TRUE(catalog_->drop_policy("db", "autogen"));
  EXPECT_TRUE(catalog_->drop_policy("none", "autogen"));
}

TEST_F(CatalogTest, NumbersColumnsDenselyAndLeavesOldOnesAlone) {
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  const auto id = policy("db", "autogen")->id;
  const NewColumn host{"host", ColumnKind::kTag, ValueType::kString};
  const NewColumn usage{"usage", ColumnKind::kField, ValueType::kFloat64};
  const NewColumn usage_text{"usage", ColumnKind::kField, ValueType::kString};
  const NewColumn usage_tag{"usage", ColumnKind::kTag, ValueType::kString};
  const auto first = catalog_->ensure_columns(id, "cpu", {host, usage, usage});
  ASSERT_TRUE(first) << message(first);
  const auto version = catalog_->snapshot()->version;
  EXPECT_EQ(*catalog_->ensure_columns(id, "cpu", {usage}), *first) << "nothing new";
  EXPECT_EQ(catalog_->snapshot()->version, version);

  const auto second = catalog_->ensure_columns(id, "cpu", {usage_text, usage_tag, host});
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->id, (*first)->id);
  ASSERT_EQ((*second)->columns.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(raw((*second)->columns[i].id), i + 1);
  EXPECT_EQ((*second)->tag("usage")->id, ColumnId{4});
  EXPECT_EQ((*second)->field("usage", ValueType::kString)->id, ColumnId{3});
  EXPECT_EQ((*second)->fields("usage").size(), 2u);
  EXPECT_EQ((*second)->column(ColumnId{1})->name, "host");
  EXPECT_EQ((*second)->column(ColumnId{5}), nullptr);
  EXPECT_EQ((*second)->column(ColumnId{0}), nullptr);
  EXPECT_EQ((*first)->columns.size(), 2u) << "an older picture does not change";
}

TEST_F(CatalogTest, NeverUsesAnIdAgain) {
  std::set<uint32_t> databases, policies, tables, segments;
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
    const auto found = policy("db", "autogen");
    EXPECT_TRUE(databases.insert(raw(catalog_->snapshot()->database("db")->id)).second);
    EXPECT_TRUE(policies.insert(raw(found->id)).second);
    EXPECT_TRUE(segments.insert(raw(catalog_->ensure_segment(found->id, 0)->id)).second);
    const auto table = catalog_->ensure_columns(found->id, "cpu", {});
    EXPECT_TRUE(tables.insert(raw((*table)->id)).second);
    EXPECT_EQ(*catalog_->drop_table(found->id, "cpu"), (*table)->id);
    EXPECT_FALSE(*catalog_->drop_table(found->id, "cpu"));
    const auto again = catalog_->ensure_columns(found->id, "cpu", {});
    EXPECT_TRUE(tables.insert(raw((*again)->id)).second);
    EXPECT_EQ(catalog_->live_tables(), std::vector<TableId>{(*again)->id});
    EXPECT_EQ(*catalog_->drop_database("db"), std::vector<TableId>{(*again)->id});
    EXPECT_TRUE(catalog_->drop_database("db")->empty());
    catalog_ = open(disk_);
  }
}

TEST_F(CatalogTest, HoldsToItsLimits) {
  catalog_ = open(disk_, {.columns_per_table_max = 2, .tables_per_policy_max = 1});
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  const auto id = policy("db", "autogen")->id;
  ASSERT_TRUE(catalog_->ensure_columns(id, "cpu", {{.name = "a"}, {.name = "b"}}));
  const auto third = catalog_->ensure_columns(id, "cpu", {{.name = "c"}});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::kTooLarge);
  const auto second_table = catalog_->ensure_columns(id, "mem", {});
  ASSERT_FALSE(second_table);
  EXPECT_EQ(second_table.error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(*catalog_->drop_table(id, "cpu"));
  EXPECT_TRUE(catalog_->ensure_columns(id, "mem", {}));
}

TEST_F(CatalogTest, KeepsSegmentsApartWhenTheDurationChanges) {
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  const auto id = policy("db", "autogen")->id;
  const int64_t time_ns = 1'577'836'800'000'000'000;  // Wednesday, 2020-01-01.
  const auto week = catalog_->ensure_segment(id, time_ns);
  ASSERT_TRUE(week);
  EXPECT_EQ(week->range, (TimeRange{1'577'664'000'000'000'000, 1'578'268'800'000'000'000}));
  EXPECT_EQ(catalog_->ensure_segment(id, time_ns + kDayNs)->id, week->id);
  ASSERT_TRUE(catalog_->alter_policy(
      "db", {.name = "autogen", .segment_duration_ns = 30 * kDayNs}, std::nullopt));
  const auto before = catalog_->ensure_segment(id, week->range.begin_ns - 1);
  const auto after = catalog_->ensure_segment(id, week->range.end_ns);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->range.end_ns, week->range.begin_ns);
  EXPECT_EQ(after->range.begin_ns, week->range.end_ns);
  const auto& segments = policy("db", "autogen")->segments;
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[0].id, before->id);
  EXPECT_EQ(segments[1].id, week->id);
  EXPECT_EQ(segments[2].id, after->id);
  EXPECT_EQ(message(catalog_->ensure_segment(id, kTimeMin - 1)).substr(0, 18),
            "time outside range");
}

TEST_F(CatalogTest, ListsSegmentsThatEndedLongerAgoThanThePolicyKeepsThem) {
  ASSERT_TRUE(catalog_->create_database(
      "db", PolicySpec{.name = "day", .duration_ns = kDayNs, .make_default = true}));
  const auto id = policy("db", "day")->id;
  const auto first = catalog_->ensure_segment(id, 0);
  const auto second = catalog_->ensure_segment(id, kHourNs);
  ASSERT_TRUE(first && second && catalog_->ensure_segment(id, kTimeMax));
  const auto expired = [&](int64_t now_ns) {
    std::vector<SegmentId> ids;
    for (const Segment& segment : policy("db", "day")->expired_segments(now_ns)) {
      ids.push_back(segment.id);
    }
    return ids;
  };
  using Ids = std::vector<SegmentId>;
  EXPECT_EQ(expired(first->range.end_ns + kDayNs - 1), Ids{});
  EXPECT_EQ(expired(first->range.end_ns + kDayNs), Ids{first->id});
  EXPECT_EQ(expired(second->range.end_ns + kDayNs), (Ids{first->id, second->id}));
  EXPECT_EQ(expired(kTimeMax), (Ids{first->id, second->id})) << "the end of time has not come";
  ASSERT_TRUE(catalog_->alter_policy("db", {.name = "day", .duration_ns = 0}, std::nullopt));
  EXPECT_EQ(expired(kTimeMax), Ids{}) << "for ever";
  EXPECT_EQ(catalog_->snapshot()->policy_of(second->id)->id, id);
  EXPECT_EQ(catalog_->snapshot()->policy_of(SegmentId{99}), nullptr);
}

TEST_F(CatalogTest, ForgetsSegmentsForGoodAndMakesNewOnesForTheirTimes) {
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  const auto id = policy("db", "autogen")->id;
  const auto first = catalog_->ensure_segment(id, 0);
  const auto second = catalog_->ensure_segment(id, 7 * kDayNs);
  const auto third = catalog_->ensure_segment(id, 14 * kDayNs);
  ASSERT_TRUE(first && second && third);
  const auto commits = disk_.commit_count();
  ASSERT_TRUE(catalog_->drop_segments(id, {third->id, SegmentId{99}, first->id}));
  ASSERT_TRUE(catalog_->drop_segments(id, {first->id}));
  ASSERT_TRUE(catalog_->drop_segments(PolicyId{99}, {second->id}));
  EXPECT_EQ(disk_.commit_count(), commits + 1) << "one for all, none for nothing";
  catalog_ = open(disk_);
  ASSERT_EQ(policy("db", "autogen")->segments.size(), 1u);
  EXPECT_EQ(policy("db", "autogen")->segments[0].id, second->id);
  EXPECT_EQ(raw(catalog_->ensure_segment(id, 0)->id), raw(third->id) + 1) << "ids are never reused";
}

TEST_F(CatalogTest, RefusesWorkInADroppedPolicy) {
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  const auto id = policy("db", "autogen")->id;
  ASSERT_TRUE(catalog_->drop_database("db"));
  EXPECT_EQ(catalog_->ensure_columns(id, "cpu", {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog_->ensure_segment(id, 0).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(*catalog_->drop_table(id, "cpu"));
}

TEST_F(CatalogTest, KeepsNamesOfAnyBytesAcrossARestart) {
  ASSERT_TRUE(catalog_->create_database("\"q\" ü", std::nullopt));
  const auto id = policy("\"q\" ü", "autogen")->id;
  const std::string odd("a\"b\\c\n\0d\xff\xfe", 10);
  ASSERT_TRUE(catalog_->ensure_columns(id, odd, {{.name = odd}, {.name = "\x01\x7f"}}));
  const auto before = describe(*catalog_->snapshot());
  catalog_ = open(disk_);
  EXPECT_EQ(describe(*catalog_->snapshot()), before);
  ASSERT_TRUE(policy("\"q\" ü", "autogen")->table(odd));
  EXPECT_TRUE(policy("\"q\" ü", "autogen")->table(odd)->field(odd, ValueType::kFloat64));
}

TEST_F(CatalogTest, NamesTheEntryThatMakesNoSense) {
  const auto refuses = [](std::string key, std::string value, std::string_view text) {
    MemoryKeyValueDisk disk;
    auto change = disk.open()->begin();
    ASSERT_TRUE((*change)->put(key, value) && (*change)->commit());
    const auto opened = open_catalog(disk.open(), {});
    ASSERT_FALSE(opened) << key << value;
    EXPECT_EQ(opened.error().message, text);
  };
  const std::string start = "catalog entry makes no sense: ";
  refuses("db/1", "", start + "db/1: empty value");
  refuses("db/1", "1{", start + "db/1: not JSON");
  refuses("db/1", "1[]", start + "db/1: no JSON object");
  refuses("db/1", "1{\"name\":1}", start + "db/1: no text");
  refuses("db/1", "1{\"name\":\"a\"}", start + "db/1: no default_policy");
  refuses("db/x", "1{}", start + "db/x: unknown key");
  refuses("db/1/2", "1{}", start + "db/1/2: unknown key");
  refuses("db/1", "2{}", "catalog entry has format 2, this version reads 1: db/1");
  refuses("table/1/2", "1{\"name\":\"a\",\"mode\":\"merge\",\"columns\":[]}",
          start + "table/1/2: its policy does not exist");
  refuses("segment/1/2", "1{\"begin_ns\":5,\"end_ns\":5}",
          start + "segment/1/2: an empty range");
  refuses("policy/4",
          "1{\"database\":9,\"name\":\"p\",\"duration_ns\":0,\"segment_duration_ns\":1,"
          "\"replica_count\":1}",
          start + "policy/4: its database does not exist");
}

// A life of a catalog, one change a step; each gives true when it worked.
std::vector<std::function<bool(Catalog&)>> life() {
  const auto id = [](Catalog& catalog) {
    const auto database = catalog.snapshot()->database("db");
    const auto policy = database ? database->policy("p") : nullptr;
    return policy ? policy->id : PolicyId{};
  };
  const NewColumn tag{"host", ColumnKind::kTag, ValueType::kString};
  return {
      [](Catalog& c) { return c.create_database("db", std::nullopt).has_value(); },
      [](Catalog& c) {
        return c.create_policy("db", {.name = "p", .make_default = true}).has_value();
      },
      [=](Catalog& c) { return c.ensure_columns(id(c), "cpu", {tag}).has_value(); },
      [=](Catalog& c) { return c.ensure_columns(id(c), "cpu", {{.name = "v"}}).has_value(); },
      [=](Catalog& c) { return c.ensure_segment(id(c), 0).has_value(); },
      [=](Catalog& c) { return c.ensure_columns(id(c), "mem", {tag}).has_value(); },
      [=](Catalog& c) { return c.drop_segments(id(c), {SegmentId{1}}).has_value(); },
      [=](Catalog& c) { return c.drop_table(id(c), "cpu").has_value(); },
      [](Catalog& c) { return c.alter_policy("db", {.name = "p"}, "q").has_value(); },
      [](Catalog& c) { return c.drop_policy("db", "q").has_value(); },
      [](Catalog& c) { return c.drop_database("db").has_value(); },
  };
}

TEST_F(CatalogTest, CopiesAllOfItIntoAnEmptyStoreWithTheNumbersToGoOnWith) {
  ASSERT_TRUE(catalog_->create_database("plant", PolicySpec{.name = "short",
                                                            .duration_ns = 3 * kDayNs}));
  const auto id = policy("plant", "short")->id;
  ASSERT_TRUE(catalog_->ensure_columns(id, "cpu", {{.name = "host", .kind = ColumnKind::kTag}}));
  const auto dropped = catalog_->ensure_columns(id, "gone", {}).value()->id;
  ASSERT_TRUE(catalog_->drop_table(id, "gone"));
  ASSERT_TRUE(catalog_->ensure_segment(id, 12 * kHourNs));
  MemoryKeyValueDisk other;
  const auto target = other.open();
  ASSERT_TRUE(catalog_->copy_to(*target));
  const auto copy = open(other);
  EXPECT_EQ(describe(*copy->snapshot()), describe(*catalog_->snapshot()));
  EXPECT_GT(raw(copy->ensure_columns(id, "new", {}).value()->id), raw(dropped));
  EXPECT_EQ(message(catalog_->copy_to(*target)),
            "the catalog can be copied into an empty store only");
  EXPECT_TRUE(catalog_->check().value().empty());
}

TEST(CatalogCrash, HasAllOfAChangeOrNothingWhereverThePowerFails) {
  const auto steps = life();
  std::vector<std::string> expected{""};
  {
    MemoryKeyValueDisk disk;
    const auto catalog = open(disk);
    for (const auto& step : steps) {
      ASSERT_TRUE(step(*catalog));
      expected.push_back(describe(*catalog->snapshot()));
    }
    EXPECT_EQ(disk.commit_count(), steps.size()) << "one commit for each change";
  }
  for (const auto side : {PowerLoss::kBeforeCommit, PowerLoss::kAfterCommit}) {
    for (size_t failing = 0; failing < steps.size(); ++failing) {
      MemoryKeyValueDisk disk;
      auto catalog = open(disk);
      disk.lose_power_at(failing + 1, side);
      for (size_t i = 0; i < failing; ++i) ASSERT_TRUE(steps[i](*catalog));
      EXPECT_FALSE(steps[failing](*catalog));
      EXPECT_EQ(describe(*catalog->snapshot()), expected[failing]) << "nobody sees a failed change";
      disk.restart();
      catalog = open(disk);
      const size_t reached = failing + (side == PowerLoss::kAfterCommit ? 1 : 0);
      EXPECT_EQ(describe(*catalog->snapshot()), expected[reached]);
      for (size_t i = reached; i < steps.size(); ++i) EXPECT_TRUE(steps[i](*catalog));
    }
  }
}

TEST(CatalogCrash, GoesOnAfterACommitThatFailed) {
  MemoryKeyValueDisk disk;
  const auto catalog = open(disk);
  disk.fail_commit(1, Error{ErrorCode::kNoSpace, "no space"});
  const auto refused = catalog->create_database("db", std::nullopt);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_FALSE(catalog->snapshot()->database("db"));
  EXPECT_TRUE(catalog->create_database("db", std::nullopt));
  EXPECT_TRUE(catalog->snapshot()->database("db"));
}

TEST(CatalogThreads, ReadersSeeWholePicturesWhileWritersChangeThem) {
  MemoryKeyValueDisk disk;
  const auto catalog = open(disk);
  ASSERT_TRUE(catalog->create_database("db", std::nullopt));
  const auto id = catalog->snapshot()->database("db")->policy("autogen")->id;
  constexpr int kTables = 50;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTables; ++i) {
        const auto column = NewColumn{"v" + std::to_string(i), ColumnKind::kField, {}};
        EXPECT_TRUE(catalog->ensure_columns(id, "t" + std::to_string(i), {column}));
      }
    });
  }
  threads.emplace_back([&] {
    uint64_t version = 0;
    size_t table_count = 0;
    while (table_count < kTables) {
      const auto picture = catalog->snapshot();
      EXPECT_GE(picture->version, version);
      version = picture->version;
      const auto tables = picture->database("db")->policy("autogen")->tables();
      EXPECT_GE(tables.size(), table_count);
      table_count = tables.size();
      for (const auto& table : tables) EXPECT_EQ(table->columns.size(), 1u);
    }
  });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(catalog->live_tables().size(), static_cast<size_t>(kTables));
}

}  // namespace
}  // namespace varve
