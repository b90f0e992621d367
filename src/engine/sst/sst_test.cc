// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "engine/sst/sst_reader.h"
#include "engine/sst/sst_writer.h"
#include "io/simulated_file_system.h"

namespace varve::engine {
namespace {

constexpr const char* kPath = "/data/1.sst";
constexpr ColumnId kHost{1}, kFloat{2}, kInt{3}, kUint{4}, kBool{5}, kText{6}, kNever{7};

/// Every test holds for every layout.
class Sst : public testing::TestWithParam<SstLayout> {};
INSTANTIATE_TEST_SUITE_P(Layouts, Sst, testing::Values(SstLayout::kColumnar, SstLayout::kHybrid,
                                         SstLayout::kPacked),
                         [](const auto& info) { return std::string(to_string(info.param)); });

SstWriterOptions options(SstLayout layout) {
  return {.path = kPath,
          .layout = layout,
          .table = TableId{7},
          .segment = SegmentId{3},
          .table_name = "cpu",
          .columns = {{kHost, ColumnKind::kTag, ValueType::kString, "host"},
                      {kFloat, ColumnKind::kField, ValueType::kFloat64, "a.float"},
                      {kInt, ColumnKind::kField, ValueType::kInt64, "int"},
                      {kUint, ColumnKind::kField, ValueType::kUint64, "uint"},
                      {kBool, ColumnKind::kField, ValueType::kBool, "bool"},
                      {kText, ColumnKind::kField, ValueType::kString, "text"},
                      {kNever, ColumnKind::kField, ValueType::kInt64, "never"}},
          .version_first = {1, 0},
          .version_last = {99, 2},
          .row_group_rows_max = 100};
}

const double kOddDoubles[] = {0.0,
                              -0.0,
                              std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::denorm_min(),
                              std::bit_cast<double>(uint64_t{0x7ff8dead0000beef}),
                              std::numeric_limits<double>::max(),
                              1.5};

struct Rows {
  std::vector<int64_t> times_ns;
  std::vector<ColumnVector> cells;

  std::vector<ColumnView> views() const {
    std::vector<ColumnView> views;
    for (const auto& column : cells) views.push_back(column.view());
    return views;
  }
};

Rows make_rows(int row_count) {
  Rows rows;
  for (const ValueType type : {ValueType::kFloat64, ValueType::kInt64, ValueType::kUint64,
                               ValueType::kBool, ValueType::kString, ValueType::kInt64}) {
    rows.cells.emplace_back(type);
  }
  for (int row = 0; row < row_count; ++row) {
    rows.times_ns.push_back(row * 1000);
    rows.cells[0].append_f64(kOddDoubles[row % 8]);
    if (row % 3 == 0) {
      rows.cells[1].pad_to(static_cast<size_t>(row) + 1,
                           row % 6 == 0 ? CellState::kNull : CellState::kAbsent);
    } else {
      rows.cells[1].append_i64(std::numeric_limits<int64_t>::min() + row);
    }
    rows.cells[2].append_u64(std::numeric_limits<uint64_t>::max() - static_cast<uint64_t>(row));
    rows.cells[3].append_bool(row % 2 == 1);
    rows.cells[4].append_string(row % 5 == 0 ? "" : "text " + std::to_string(row));
    rows.cells[5].pad_to(static_cast<size_t>(row) + 1);
  }
  return rows;
}

struct Series {
  std::string key;
  SeriesRef ref() const { return {series_key_hash(key), key}; }
};

std::vector<Series> make_series(int count) {
  std::vector<Series> series;
  for (int index = 0; index < count; ++index) {
    series.push_back({encode_series_key({{kHost, "host_" + std::to_string(index)}})});
  }
  std::sort(series.begin(), series.end(),
            [](const Series& a, const Series& b) { return a.ref().hash < b.ref().hash; });
  return series;
}

SstSummary write(SimulatedFileSystem& files, SstLayout layout, const std::vector<Series>& series,
                 int rows_each) {
  auto writer = make_sst_writer(files, options(layout));
  EXPECT_TRUE(writer.has_value());
  const Rows rows = make_rows(rows_each);
  for (const Series& one : series) {
    const auto appended = (*writer)->append(one.ref(), rows.times_ns, rows.views());
    EXPECT_TRUE(appended.has_value()) << appended.error().message;
    if (!appended) return {};
  }
  auto summary = (*writer)->finish();
  EXPECT_TRUE(summary.has_value()) << summary.error().message;
  return *summary;
}

TEST_P(Sst, GivesBackEveryCellBitForBit) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("/data").has_value());
  const auto series = make_series(5);
  const SstSummary summary = write(files, GetParam(), series, 70);
  EXPECT_EQ(summary.row_count, 350U);
  EXPECT_EQ(summary.series_count, 5U);
  EXPECT_EQ(summary.time_last_ns, 69'000);
  EXPECT_EQ(summary.fields_present,
            (std::vector<ColumnId>{kFloat, kInt, kUint, kBool, kText}));

  const auto reader = open_sst(files, kPath);
  ASSERT_TRUE(reader.has_value()) << reader.error().message;
  EXPECT_EQ((*reader)->fields()[0].name, "a.float");
  EXPECT_EQ((*reader)->table(), TableId{7});
  EXPECT_EQ((*reader)->segment(), SegmentId{3});
  EXPECT_EQ((*reader)->version_last(), (Version{99, 2}));
  EXPECT_EQ((*reader)->layout(), GetParam());
  EXPECT_EQ((*reader)->row_count(), 350U);
  // Pages do not tear series that fit into one.
  EXPECT_EQ((*reader)->row_group_count(), GetParam() == SstLayout::kPacked ? 5U : 4U);
  EXPECT_EQ((*reader)->field_index(ColumnId{1}), -1);
  const Rows wanted = make_rows(70);
  for (const Series& one : series) {
    const auto found = (*reader)->find(one.ref().hash);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->ref().key, one.key);
    size_t row = 0;
    for (const SeriesRows& rows : (*found)->rows()) {
      const auto times = (*reader)->read_times(rows.row_group);
      ASSERT_TRUE(times.has_value()) << times.error().message;
      for (uint32_t field = 0; field < 6; ++field) {
        const auto cells = (*reader)->read_field(rows.row_group, field);
        ASSERT_TRUE(cells.has_value()) << cells.error().message;
        for (uint32_t i = 0; i < rows.row_count; ++i) {
          const Value got = (*cells)->view().at(rows.row_begin + i);
          const Value want = wanted.cells[field].view().at(row + i);
          EXPECT_EQ((*cells)->view().state(rows.row_begin + i),
                    wanted.cells[field].view().state(row + i));
          if (field == 0) {
            EXPECT_EQ(std::bit_cast<uint64_t>(std::get<double>(got)),
                      std::bit_cast<uint64_t>(std::get<double>(want)));
          } else {
            EXPECT_EQ(got, want) << "field " << field << " row " << row + i;
          }
        }
      }
      EXPECT_EQ((*times)->view().as<int64_t>()[rows.row_begin], rows.time_first_ns);
      row += rows.row_count;
    }
    EXPECT_EQ(row, 70U);
  }
}

TEST_P(Sst, KnowsSumsAndEndsOfLongRunsWithoutDecoding) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("/data").has_value());
  write(files, GetParam(), make_series(1), 90);
  const auto reader = open_sst(files, kPath);
  ASSERT_TRUE(reader.has_value());
  const auto directory = (*reader)->read_directory(0);
  ASSERT_TRUE(directory.has_value());
  const auto rows = (*directory)->rows(0);
  ASSERT_EQ(rows.size(), 1U);
  const auto known = (*directory)->summaries(rows[0]);
  ASSERT_EQ(known.size(), 4U);
  EXPECT_EQ(known[1].count, 60U);
  EXPECT_EQ(std::bit_cast<int64_t>(known[1].first_bits), std::numeric_limits<int64_t>::min() + 1);
  EXPECT_EQ(std::bit_cast<int64_t>(known[1].max_bits), std::numeric_limits<int64_t>::min() + 89);
  EXPECT_EQ(known[3].count, 0U);
}

TEST_P(Sst, NoticesAFlippedBitWhereverItIs) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("/data").has_value());
  const uint64_t size_bytes = write(files, GetParam(), make_series(3), 70).size_bytes;
  const auto read_all = [&]() -> Result<std::string> {
    const auto reader = TRY(open_sst(files, kPath));
    std::string all;
    SeriesCursor cursor(*reader);
    while (TRY(cursor.next())) {
      all += cursor.series().ref().key;
      for (const SeriesRows& rows : cursor.series().rows()) {
        all += std::to_string(rows.row_begin) + " " + std::to_string(rows.time_last_ns) + ",";
        for (const FieldSummary& known : cursor.series().directory->summaries(rows)) {
          all += std::to_string(known.sum_bits) + ",";
        }
      }
    }
    for (uint32_t group = 0; group < reader->row_group_count(); ++group) {
      const auto times = TRY(reader->read_times(group));
      for (const int64_t time_ns : times->view().as<int64_t>()) all += std::to_string(time_ns);
      for (uint32_t field = 0; field < 6; ++field) {
        const auto cells = TRY(reader->read_field(group, field));
        for (size_t row = 0; row < cells->view().row_count; ++row) {
          const Value value = cells->view().at(row);
          all += std::to_string(std::hash<Value>{}(value)) + ",";
        }
      }
    }
    return all;
  };
  const auto whole = read_all();
  ASSERT_TRUE(whole.has_value());
  size_t unnoticed = 0;
  for (uint64_t offset = 0; offset < size_bytes; offset += 13) {
    files.flip_bit(kPath, offset, offset % 8);
    const auto damaged = read_all();
    if (damaged) {
      // Bytes that only other tools read: tags, magic numbers.
      EXPECT_TRUE(*damaged == *whole) << "wrong answer after a flip at " << offset;
      ++unnoticed;
    } else {
      EXPECT_NE(damaged.error().message.find(kPath), std::string::npos) << damaged.error().message;
    }
    files.flip_bit(kPath, offset, offset % 8);
  }
  EXPECT_GT(size_bytes / 13, unnoticed);
}

TEST_P(Sst, LeavesAWholeFileOrNoneWhereverThePowerFails) {
  const auto series = make_series(2);
  const Rows rows = make_rows(70);
  bool finished = false;
  for (uint64_t calls = 0; !finished; ++calls) {
    SimulatedFileSystem files(calls + 1);
    ASSERT_TRUE(files.create_directories("/data").has_value());
    files.lose_power_after(calls);
    finished = [&]() -> Result<void> {
      auto writer = TRY(make_sst_writer(files, options(GetParam())));
      for (const Series& one : series) {
        TRY_VOID(writer->append(one.ref(), rows.times_ns, rows.views()));
      }
      TRY(writer->finish());
      return files.sync_directory("/data");
    }().has_value();
    files.restart();
    const auto exists = files.exists(kPath);
    ASSERT_TRUE(exists.has_value());
    if (finished) {
      EXPECT_TRUE(*exists);
    }
    if (*exists) {
      EXPECT_TRUE(open_sst(files, kPath).has_value());
    }
  }
}

TEST_P(Sst, AnswersForEverySeriesOfManyAndForNoneThatItLacks) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("/data").has_value());
  const auto series = make_series(5'000);
  write(files, GetParam(), series, 3);
  const auto reader = open_sst(files, kPath);
  ASSERT_TRUE(reader.has_value()) << reader.error().message;
  EXPECT_EQ((*reader)->directory().series_count(), 5'000U);
  EXPECT_GE((*reader)->directory().block_count(), 5U);
  SeriesCursor cursor(**reader);
  std::vector<uint64_t> begins = {0};
  for (uint32_t group = 0; group < (*reader)->row_group_count(); ++group) {
    begins.push_back(begins.back() + (*reader)->row_group_rows(group));
  }
  uint64_t rows_before = 0;
  for (const Series& one : series) {
    const auto more = cursor.next();
    ASSERT_TRUE(more.has_value()) << more.error().message;
    ASSERT_TRUE(*more);
    EXPECT_EQ(cursor.series().ref().hash, one.ref().hash);
    EXPECT_EQ(cursor.series().ref().key, one.key);
    for (const SeriesRows& rows : cursor.series().rows()) {
      EXPECT_EQ(begins[rows.row_group] + rows.row_begin, rows_before);
      rows_before += rows.row_count;
    }
  }
  EXPECT_EQ(rows_before, 15'000U);
  EXPECT_FALSE(*cursor.next());
  for (size_t index = 0; index < series.size(); index += 97) {
    const auto found = (*reader)->find(series[index].ref().hash);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->ref().key, series[index].key);
  }
  size_t not_filtered = 0;
  for (int index = 5'000; index < 15'000; ++index) {
    const auto key = encode_series_key({{kHost, "host_" + std::to_string(index)}});
    const KeyHash hash = series_key_hash(key);
    if ((*reader)->directory().find(hash)) ++not_filtered;
    if (index % 100 == 0) {
      EXPECT_FALSE((*reader)->find(hash)->has_value());
    }
  }
  EXPECT_LT(not_filtered, 300U) << "the filter lets one in a hundred through, about";
}

TEST_P(Sst, CountsAFieldAsPresentWhenItSaysNothingButNull) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("/data").has_value());
  auto wanted = options(GetParam());
  wanted.columns = {{kInt, ColumnKind::kField, ValueType::kInt64, "int"},
                    {kNever, ColumnKind::kField, ValueType::kInt64, "never"}};
  auto writer = make_sst_writer(files, wanted);
  ASSERT_TRUE(writer.has_value());
  ColumnVector nulls(ValueType::kInt64);
  nulls.pad_to(2, CellState::kNull);
  ColumnVector absent(ValueType::kInt64);
  absent.pad_to(2);
  const std::vector<ColumnView> fields = {nulls.view(), absent.view()};
  const std::vector<int64_t> times_ns = {1, 2};
  ASSERT_TRUE((*writer)->append({series_key_hash(""), ""}, times_ns, fields).has_value());
  const auto summary = (*writer)->finish();
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->fields_present, std::vector<ColumnId>{kInt});
}

TEST_P(Sst, TakesASeriesInSeveralCallsAsOneRun) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("/data").has_value());
  const auto series = make_series(1);
  const Rows rows = make_rows(80);
  auto writer = make_sst_writer(files, options(GetParam()));
  ASSERT_TRUE(writer.has_value());
  for (size_t begin = 0; begin < 80; begin += 20) {
    std::vector<ColumnView> part;
    for (const ColumnView& cells : rows.views()) part.push_back(cells.slice(begin, begin + 20));
    ASSERT_TRUE((*writer)
                    ->append(series[0].ref(), std::span(rows.times_ns).subspan(begin, 20), part)
                    .has_value());
  }
  ASSERT_TRUE((*writer)->finish().has_value());
  const auto reader = open_sst(files, kPath);
  ASSERT_TRUE(reader.has_value());
  const auto found = (*reader)->find(series[0].ref().hash);
  ASSERT_TRUE(found && *found);
  ASSERT_EQ((*found)->rows().size(), 1U);
  EXPECT_EQ((*found)->rows()[0].row_count, 80U);
  EXPECT_FALSE((*found)->directory->summaries((*found)->rows()[0]).empty());
}

class SstRowGroups : public testing::TestWithParam<SstLayout> {};
INSTANTIATE_TEST_SUITE_P(Layouts, SstRowGroups,
                         testing::Values(SstLayout::kColumnar, SstLayout::kHybrid),
                         [](const auto& info) { return std::string(to_string(info.param)); });

TEST_P(SstRowGroups, AreCutByTheirBytes) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("/data").has_value());
  auto wanted = options(GetParam());
  wanted.columns = {{kText, ColumnKind::kField, ValueType::kString, "text"}};
  wanted.row_group_bytes_max = 50'000;
  auto writer = make_sst_writer(files, wanted);
  ASSERT_TRUE(writer.has_value());
  std::vector<int64_t> times_ns;
  ColumnVector texts(ValueType::kString);
  for (int row = 0; row < 40; ++row) {
    times_ns.push_back(row);
    // One of them is larger than a row group should be.
    texts.append_string(std::string(row == 20 ? 100'000 : 10'000, static_cast<char>('a' + row)));
  }
  const std::vector<ColumnView> fields = {texts.view()};
  ASSERT_TRUE((*writer)->append({series_key_hash(""), ""}, times_ns, fields).has_value());
  ASSERT_TRUE((*writer)->finish().has_value());
  const auto reader = open_sst(files, kPath);
  ASSERT_TRUE(reader.has_value()) << reader.error().message;
  EXPECT_GE((*reader)->row_group_count(), 10U);
  size_t row = 0;
  for (uint32_t group = 0; group < (*reader)->row_group_count(); ++group) {
    EXPECT_LE((*reader)->row_group_rows(group), 4U);
    const auto cells = (*reader)->read_field(group, 0);
    ASSERT_TRUE(cells.has_value()) << cells.error().message;
    for (size_t i = 0; i < (*cells)->view().row_count; ++i, ++row) {
      EXPECT_EQ((*cells)->view().at(i), texts.view().at(row));
    }
  }
  EXPECT_EQ(row, 40U);
}

}  // namespace
}  // namespace varve::engine
