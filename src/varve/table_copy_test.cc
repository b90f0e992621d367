// SPDX-License-Identifier: Apache-2.0
#include "varve/table_copy.h"

#include <gtest/gtest.h>

#include <future>
#include <map>

#include "catalog/memory_key_value.h"
#include "engine/local_store.h"
#include "io/random.h"
#include "io/simulated_file_system.h"

namespace varve {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;

// A database of one table, on a disk in memory.
struct Plant {
  Plant(int64_t segment_hours, const std::vector<NewColumn>& columns) {
    EXPECT_TRUE(catalog->create_database(
        "plant", PolicySpec{.name = "p", .segment_duration_ns = segment_hours * kHourNs}));
    EXPECT_TRUE(catalog->ensure_columns(policy()->id, "cpu", columns));
    engine::EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    store = engine::LocalStore::open(options, files, SystemClock::instance(), random,
                                     {table()->id}).value();
  }
  PolicyRef policy() const { return catalog->snapshot()->database("plant")->policies[0]; }
  TableRef table() const { return policy()->table("cpu"); }

  // Everything as text, by names.
  std::vector<std::string> rows() {
    ScanSpec spec{.table = table()->id};
    for (const Column& column : table()->columns) {
      if (column.kind == ColumnKind::kField) spec.columns.push_back({column.id, column.type});
    }
    std::map<std::string, std::string> rows;
    const auto stream = store->scan(spec, nullptr).value();
    while (true) {
      const auto batch = stream->next().value();
      if (batch.row_count() == 0) break;
      for (const SeriesRun& run : batch.runs) {
        for (size_t row = run.begin; row < run.end; ++row) {
          std::map<std::string, std::string> cells;
          for (size_t i = 0; i < spec.columns.size(); ++i) {
            if (!batch.columns[i].has_value(row)) continue;
            const Column& column = *table()->column(spec.columns[i].id);
            cells[column.name + ":" + std::string(to_string(column.type))] =
                std::visit([](const auto& value) { return text_of(value); },
                           batch.columns[i].at(row));
          }
          std::string text;
          const auto key = decode_series_key(run.series.key).value();
          std::map<std::string, std::string> tags;
          for (const KeyCell& cell : key) {
            tags[table()->column(cell.column)->name] = std::string(cell.text);
          }
          for (const auto& [name, value] : tags) text += name + "=" + value + ",";
          text += "@" + std::to_string(batch.times_ns[row]);
          for (const auto& [name, value] : cells) text += " " + name + "=" + value;
          rows[text] = text;
        }
      }
    }
    std::vector<std::string> sorted;
    for (const auto& [text, same] : rows) sorted.push_back(text);
    return sorted;
  }
  static std::string text_of(std::monostate) { return "none"; }
  static std::string text_of(const std::string& text) { return text; }
  template <class T>
  static std::string text_of(T number) {
    return std::to_string(number);
  }

  MemoryKeyValueDisk disk;
  std::unique_ptr<Catalog> catalog = open_catalog(disk.open(), {}).value();
  SimulatedFileSystem files;
  SeededRandom random{4};
  std::unique_ptr<engine::LocalStore> store;
};

const std::vector<NewColumn> kColumns = {
    {.name = "host", .kind = ColumnKind::kTag},
    {.name = "v", .type = ValueType::kFloat64},
    {.name = "region", .kind = ColumnKind::kTag},
    {.name = "v", .type = ValueType::kInt64},
    {.name = "u", .type = ValueType::kUint64},
    {.name = "b", .type = ValueType::kBool},
    {.name = "s", .type = ValueType::kString},
};

// Row i of `count`, a minute apart; each row has some of the fields, all of one type of "v".
void fill(Plant& plant, int64_t count) {
  const TableRef table = plant.table();
  for (int64_t begin = 0; begin < count;) {
    const Segment segment =
        plant.catalog->ensure_segment(plant.policy()->id, begin * kHourNs / 60).value();
    WriteBatch batch;
    batch.table = table->id;
    batch.segment = segment.id;
    batch.segment_range = segment.range;
    for (const Column& column : table->columns) {
      if (column.kind == ColumnKind::kField) {
        batch.columns.push_back({.id = column.id, .values = ColumnVector(column.type)});
      }
    }
    for (; begin < count && segment.range.contains(begin * kHourNs / 60); ++begin) {
      const std::string host = "h" + std::to_string(begin % 7);
      const std::string key =
          begin % 3 == 0 ? encode_series_key({{.column = ColumnId{1}, .text = host}})
                         : encode_series_key({{.column = ColumnId{1}, .text = host},
                                              {.column = ColumnId{3}, .text = "eu"}});
      batch.series.push_back({.hash = series_key_hash(key),
                              .key_offset = static_cast<uint32_t>(batch.key_bytes.size()),
                              .key_size_bytes = static_cast<uint32_t>(key.size())});
      batch.key_bytes += key;
      batch.row_series.push_back(static_cast<uint32_t>(batch.series.size() - 1));
      batch.times_ns.push_back(begin * kHourNs / 60);
      if (begin % 2 == 0) batch.columns[0].values.append_f64(static_cast<double>(begin) / 3);
      if (begin % 2 == 1) batch.columns[1].values.append_i64(-begin);
      if (begin % 5 == 0) batch.columns[2].values.append_u64(UINT64_MAX - begin);
      if (begin % 4 == 0) batch.columns[3].values.append_bool(begin % 8 == 0);
      if (begin % 6 == 0) batch.columns[4].values.append_string("text " + std::to_string(begin));
      for (BatchColumn& column : batch.columns) column.values.pad_to(batch.row_count());
    }
    WriteRequest request;
    request.batches.push_back(std::move(batch));
    std::promise<Result<void>> done;
    plant.store->write(std::move(request), [&](Result<void> end) { done.set_value(end); });
    ASSERT_TRUE(done.get_future().get());
  }
}

Result<uint64_t> copy(Plant& from, Plant& to, const OnRows& on_rows) {
  const CopySource source{.store = *from.store, .policy = from.policy(), .table = from.table()};
  const CopyTarget target{.catalog = *to.catalog,
                          .store = *to.store,
                          .policy = to.policy()->id,
                          .table = to.table()};
  return copy_table(source, target, on_rows);
}

TEST(TableCopy, GivesEveryRowUnderOtherIds) {
  for (const int64_t target_hours : {1, 24, 168}) {
    Plant from(24, kColumns);
    fill(from, 40'000);
    ASSERT_TRUE(from.store->flush());
    // The same columns in another order, behind others.
    std::vector<NewColumn> columns(kColumns.rbegin(), kColumns.rend());
    columns.insert(columns.begin(), {.name = "old", .kind = ColumnKind::kTag});
    Plant to(target_hours, columns);
    uint64_t told = 0;
    const auto rows = copy(from, to, [&](uint64_t so_far) {
      told = so_far;
      return Result<void>();
    });
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(*rows, 40'000U);
    EXPECT_EQ(told, 40'000U);
    const auto wanted = from.rows();
    EXPECT_EQ(wanted.size(), 40'000U);
    EXPECT_EQ(to.rows(), wanted) << target_hours;
  }
}

TEST(TableCopy, EndsWhenItIsTold) {
  Plant from(24, kColumns);
  fill(from, 100);
  Plant to(24, kColumns);
  const auto rows = copy(from, to, [](uint64_t) {
    return Result<void>(fail(ErrorCode::kCancelled, "enough"));
  });
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().message, "enough");
}

}  // namespace
}  // namespace varve
