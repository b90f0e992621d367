// SPDX-License-Identifier: Apache-2.0
// Random writes against a model that knows nothing of caches, batches or threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catalog/memory_key_value.h"
#include "ingest/fake_store.h"
#include "ingest/ingest.h"
#include "ingest/point_list.h"

namespace varve {
namespace {

constexpr int64_t kNowNs = 1'577'836'800'000'000'000;
constexpr int64_t kWeekNs = 7 * 86'400 * int64_t{1'000'000'000};

struct RandomField {
  std::string name;
  int type = 0;
  int value = 0;
};
struct RandomRow {
  std::string table;
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<RandomField> fields;
  int64_t time_ns = 0;
};

constexpr const char* kTypeNames[] = {"float", "integer", "string", "boolean"};

/// Points that tell shapes by number, as a parser does; some have none.
class NumberedShapes final : public PointSource {
 public:
  explicit NumberedShapes(std::unique_ptr<PointSource> points) : points_(std::move(points)) {}

  bool next(PointChunk& chunk) override {
    if (!points_->next(chunk)) return false;
    for (Point& point : chunk.points) {
      std::vector<std::pair<std::string, ValueType>> shape;
      for (uint32_t i = point.fields_begin; i < point.fields_end; ++i) {
        shape.emplace_back(chunk.fields[i].name, chunk.fields[i].type);
      }
      const auto number = static_cast<uint32_t>(numbers_.size() + 1);
      point.shape = numbers_.try_emplace(std::move(shape), number).first->second;
      if (point.shape % 7 == 0) point.shape = 0;
    }
    return true;
  }
  Result<PointKey> parse_key(std::string_view raw_key) override {
    return points_->parse_key(raw_key);
  }
  void reject(const Point& point, const Error& error) override { points_->reject(point, error); }
  void rewind() override { points_->rewind(); }
  std::string errors() const override { return points_->errors(); }

 private:
  std::unique_ptr<PointSource> points_;
  std::map<std::vector<std::pair<std::string, ValueType>>, uint32_t> numbers_;
};

/// The same points with keys as lines have them: mostly spelt alike, sometimes in another order of
/// tags or with an escape.
class SpeltAsLines final : public PointSource {
 public:
  SpeltAsLines(std::unique_ptr<PointSource> points, uint64_t seed)
      : points_(std::move(points)), random_(seed) {}

  bool next(PointChunk& chunk) override {
    if (!points_->next(chunk)) return false;
    for (Point& point : chunk.points) {
      const auto key = points_->parse_key(point.raw_key);
      auto tags = key->tags;
      if (random_() % 20 == 0) std::ranges::shuffle(tags, random_);
      std::string text(key->table);
      for (const auto& [name, value] : tags) {
        text.append(",").append(name).append("=");
        if (random_() % 40 == 0) text += '\\';
        text += value;
      }
      const auto known = keys_.emplace(std::move(text), *key).first;
      point.raw_key = known->first;
    }
    return true;
  }
  bool keys_are_lines() const override { return true; }
  Result<PointKey> parse_key(std::string_view raw_key) override {
    return keys_.at(std::string(raw_key));
  }
  void reject(const Point& point, const Error& error) override { points_->reject(point, error); }
  void rewind() override { points_->rewind(); }
  std::string errors() const override { return points_->errors(); }

 private:
  std::unique_ptr<PointSource> points_;
  std::mt19937_64 random_;
  std::map<std::string, PointKey> keys_;
};

std::unique_ptr<PointSource> list_of(const std::vector<RandomRow>& rows) {
  auto points = std::make_unique<PointList>();
  for (const auto& row : rows) {
    points->add(row.table, {row.tags.begin(), row.tags.end()}, row.time_ns);
    for (const auto& field : row.fields) {
      switch (field.type) {
        case 0: points->field(field.name, double(field.value)); break;
        case 1: points->field(field.name, int64_t{field.value}); break;
        case 2: points->field(field.name, std::string_view(std::to_string(field.value))); break;
        default: points->field(field.name, field.value % 2 == 0); break;
      }
    }
  }
  return std::make_unique<NumberedShapes>(std::move(points));
}

std::string text_of(const RandomField& field) {
  switch (field.type) {
    case 0: return "f" + std::to_string(double(field.value));
    case 1: return "i" + std::to_string(field.value);
    case 2: return "s" + std::to_string(field.value);
    default: return field.value % 2 == 0 ? "true" : "false";
  }
}

std::string series_name(std::string table, std::map<std::string, std::string> tags) {
  for (const auto& [name, text] : tags) table += "," + name + "=" + text;
  return table;
}

/// What InfluxDB's rules leave of the writes, one row after the other.
class Model {
 public:
  /// True when the row is stored.
  bool write(const RandomRow& row) {
    const int64_t week = (row.time_ns - kNowNs + 1000 * kWeekNs + 2 * kWeekNs / 7) / kWeekNs;
    std::map<std::string, const RandomField*> fields;
    for (const auto& field : row.fields) {
      const auto [known, is_new] = fields.emplace(field.name, &field);
      if (!is_new && known->second->type != field.type) return false;
      known->second = &field;
    }
    auto& types = types_[{row.table, week}];
    for (const auto& [name, field] : fields) {
      const auto known = types.find(name);
      if (known != types.end() && known->second != field->type) return false;
    }
    const std::map<std::string, std::string> tags(row.tags.begin(), row.tags.end());
    for (const auto& [name, field] : fields) {
      types.emplace(name, field->type);
      cells[series_name(row.table, tags) + " " + name + ":" + kTypeNames[field->type] + "@" +
            std::to_string(row.time_ns)] = text_of(*field);
    }
    return true;
  }

  std::map<std::string, std::string> cells;

 private:
  std::map<std::pair<std::string, int64_t>, std::map<std::string, int>> types_;
};

std::map<std::string, std::string> cells_of(const Catalog& catalog, const FakeStore& store) {
  const auto policy = catalog.snapshot()->database("db")->policy("autogen");
  std::map<uint32_t, TableRef> tables;
  for (const auto& table : policy->tables()) tables.emplace(raw(table->id), table);
  std::map<std::string, std::string> words;
  for (const auto& [cell, value] : store.cells()) {
    const auto& [table_id, key, time_ns, column_id] = cell;
    const auto found = tables.find(table_id);
    if (found == tables.end()) continue;
    const Table& table = *found->second;
    std::map<std::string, std::string> tags;
    const auto key_cells = decode_series_key(key);
    for (const auto& tag : *key_cells) {
      tags.emplace(table.column(tag.column)->name, std::string(tag.text));
    }
    const Column* column = table.column(ColumnId{column_id});
    words[series_name(table.name, tags) + " " + column->name + ":" +
          std::string(to_string(column->type)) + "@" + std::to_string(time_ns)] = value;
  }
  return words;
}

/// Another row of the shape, mostly of the same table.
RandomRow similar_row(std::mt19937_64& random, RandomRow row) {
  if (random() % 10 == 0) row.table = "t" + std::to_string(random() % 3);
  for (auto& [name, value] : row.tags) value = std::to_string(random() % 4);
  for (auto& field : row.fields) field.value = static_cast<int>(random() % 100);
  row.time_ns += random() % 20 == 0 ? kWeekNs : static_cast<int64_t>(random() % 3);
  return row;
}

RandomRow random_row(std::mt19937_64& random, int variety) {
  const auto pick = [&](int count) { return static_cast<int>(random() % count); };
  RandomRow row;
  row.table = "t" + std::to_string(pick(3));
  for (const char* name : {"host", "dc", "rack"}) {
    if (pick(3) > 0) row.tags.emplace_back(name, std::to_string(pick(variety)));
  }
  const int field_count = 1 + pick(pick(20) == 0 ? 40 : 5);
  for (int i = 0; i < field_count; ++i) {
    // Mostly one type for each name; sometimes another.
    const int name = pick(field_count > 5 ? 60 : 8);
    row.fields.push_back(
        {"f" + std::to_string(name), pick(12) == 0 ? pick(4) : name % 4, pick(100)});
  }
  row.time_ns = kNowNs + (pick(3) - 1) * kWeekNs + pick(50);
  return row;
}

struct Outcome {
  std::map<std::string, std::string> cells;
  uint64_t rows_written = 0;
};

enum class Keys : uint8_t { kPlain, kLines, kBoth };

// Writes all rows, `rows_per_request` at a time; a fresh Ingest for each request when asked, so
// that no cache is ever warm.
Outcome write_all(const std::vector<RandomRow>& rows, size_t rows_per_request, bool is_cached,
                  const IngestOptions& options, uint64_t seed, Keys keys = Keys::kPlain) {
  MemoryKeyValueDisk disk;
  auto catalog = std::move(*open_catalog(disk.open(), {}));
  CHECK(catalog->create_database("db", std::nullopt));
  FakeStore store;
  SimulatedClock clock(kNowNs);
  SeededRandom random(seed);
  auto ingest = make_ingest(*catalog, store, clock, random, options);
  Outcome outcome;
  for (size_t begin = 0; begin < rows.size(); begin += rows_per_request) {
    const size_t end = std::min(rows.size(), begin + rows_per_request);
    if (!is_cached) {
      ingest.reset();
      ingest = make_ingest(*catalog, store, clock, random, options);
    }
    std::promise<Result<IngestSummary>> promise;
    auto points = list_of({rows.begin() + begin, rows.begin() + end});
    if (keys == Keys::kLines || (keys == Keys::kBoth && begin % 3 > 0)) {
      points = std::make_unique<SpeltAsLines>(std::move(points), begin);
    }
    ingest->write({"db", ""}, std::move(points),
                  [&](Result<IngestSummary> result) { promise.set_value(std::move(result)); });
    const auto summary = promise.get_future().get();
    CHECK(summary.has_value());
    CHECK(summary->rows_written + summary->rows_dropped == end - begin);
    outcome.rows_written += summary->rows_written;
  }
  outcome.cells = cells_of(*catalog, store);
  return outcome;
}

TEST(IngestProperty, StoresWhatTheModelStoresWarmOrColdInRequestsOfAnySize) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<RandomRow> rows;
    const int variety = seed % 2 == 0 ? 4 : 60;
    for (int i = 0; i < 1'500; ++i) {
      const bool is_similar = i > 0 && seed % 3 != 0 && random() % 8 != 0;
      rows.push_back(is_similar ? similar_row(random, rows.back())
                                : random_row(random, variety));
    }
    Model model;
    uint64_t rows_written = 0;
    for (const auto& row : rows) rows_written += model.write(row) ? 1 : 0;

    const auto expect_same = [&](const Outcome& outcome) {
      EXPECT_EQ(outcome.rows_written, rows_written);
      EXPECT_EQ(outcome.cells, model.cells);
    };
    expect_same(write_all(rows, 1, true, {}, seed));
    expect_same(write_all(rows, 97, true, {}, seed));
    expect_same(write_all(rows, rows.size(), true, {}, seed));
    expect_same(write_all(rows, 97, false, {}, seed));
    expect_same(write_all(rows, 97, true, {.raw_keys_max = 10}, seed));
    expect_same(write_all(rows, 1, true, {}, seed, Keys::kLines));
    expect_same(write_all(rows, 97, true, {}, seed, Keys::kLines));
    expect_same(write_all(rows, 97, true, {.raw_keys_max = 10}, seed, Keys::kLines));
    expect_same(write_all(rows, 97, true, {}, seed, Keys::kBoth));
  }
}

TEST(IngestProperty, StoresOneTypeForEachFieldWhoeverWritesAtOnce) {
  MemoryKeyValueDisk disk;
  auto catalog = std::move(*open_catalog(disk.open(), {}));
  ASSERT_TRUE(catalog->create_database("db", std::nullopt));
  FakeStore store;
  SimulatedClock clock(kNowNs);
  SeededRandom seeds(3);
  auto ingest = make_ingest(*catalog, store, clock, seeds, {});
  constexpr int kThreads = 4;
  constexpr int kRequests = 150;
  std::atomic<int> rows_written{0};
  std::atomic<int> rows_dropped{0};
  std::atomic<int> answers{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937_64 random(static_cast<uint64_t>(thread) + 1);
      for (int i = 0; i < kRequests; ++i) {
        std::vector<RandomRow> rows;
        for (int r = 0; r < 5; ++r) {
          // Every thread has its own favourite type, so new fields are fought over.
          rows.push_back({"t" + std::to_string(random() % 5),
                          {{"host", std::to_string(random() % 10)}},
                          {{"f" + std::to_string(i / 5), thread, 1},
                           {"own" + std::to_string(thread), 0, 2}},
                          kNowNs + static_cast<int64_t>(random() % 2) * kWeekNs});
        }
        ingest->write({"db", ""}, list_of(rows), [&](Result<IngestSummary> summary) {
          ++answers;
          ASSERT_TRUE(summary) << summary.error().message;
          rows_written += static_cast<int>(summary->rows_written);
          rows_dropped += static_cast<int>(summary->rows_dropped);
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ingest->stop();
  EXPECT_EQ(answers, kThreads * kRequests);
  EXPECT_EQ(rows_written + rows_dropped, kThreads * kRequests * 5);
  EXPECT_GT(rows_dropped, 0);

  const auto policy = catalog->snapshot()->database("db")->policy("autogen");
  std::map<uint32_t, TableRef> tables;
  for (const auto& table : policy->tables()) tables.emplace(raw(table->id), table);
  EXPECT_EQ(tables.size(), 5u);
  for (const auto& [place, columns] : store.columns()) {
    std::set<std::string> names;
    for (const ColumnId id : columns) {
      const auto& name = tables.at(place.first)->column(id)->name;
      EXPECT_TRUE(names.insert(name).second) << "two types of " << name << " in one segment";
    }
  }
}

TEST(IngestProperty, StaysWholeWhileTablesAreDroppedUnderIt) {
  MemoryKeyValueDisk disk;
  auto catalog = std::move(*open_catalog(disk.open(), {}));
  ASSERT_TRUE(catalog->create_database("db", std::nullopt));
  const auto policy = catalog->snapshot()->database("db")->policy("autogen")->id;
  FakeStore store;
  SimulatedClock clock(kNowNs);
  SeededRandom seeds(3);
  auto ingest = make_ingest(*catalog, store, clock, seeds, {});
  std::atomic<int> answers{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 200; ++i) {
        ingest->write({"db", ""},
                      list_of({{"t", {{"host", std::to_string(i % 7)}}, {{"f", thread, i}}, kNowNs},
                               {"u", {}, {{"f", 0, i}}, kNowNs + i}}),
                      [&](Result<IngestSummary> summary) {
                        ++answers;
                        EXPECT_TRUE(summary || summary.error().code == ErrorCode::kOverloaded);
                      });
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(catalog->drop_table(policy, i % 2 == 0 ? "t" : "u"));
  });
  for (auto& thread : threads) thread.join();
  ingest->stop();
  EXPECT_EQ(answers, 400);
  for (const auto& [place, columns] : store.columns()) {
    EXPECT_EQ(columns.size(), 1u) << "f has one type in each table that ever was";
  }
}

}  // namespace
}  // namespace varve
