// SPDX-License-Identifier: Apache-2.0
// What holds for the packed layout alone; what holds for all stands in sst_test.cc.
#include <gtest/gtest.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <map>

#include "engine/page/page.h"
#include "engine/sst/parquet_io.h"
#include "engine/sst/sst_reader.h"
#include "engine/sst/sst_writer.h"
#include "io/simulated_file_system.h"

namespace varve::engine {
namespace {

constexpr const char* kPath = "/data/1.sst";
constexpr ColumnId kHost{1}, kUsage{2}, kText{3};

class Packed : public testing::Test {
 protected:
  Packed() { EXPECT_TRUE(files_.create_directories("/data").has_value()); }

  std::unique_ptr<SstWriter> make_writer() {
    auto writer = make_sst_writer(
        files_, {.path = kPath,
                 .layout = SstLayout::kPacked,
                 .table_name = "cpu",
                 .columns = {{kHost, ColumnKind::kTag, ValueType::kString, "time_first"},
                             {kUsage, ColumnKind::kField, ValueType::kInt64, "usage"},
                             {kText, ColumnKind::kField, ValueType::kString, "text"}}});
    EXPECT_TRUE(writer.has_value());
    return std::move(*writer);
  }

  /// Rows (time and usage) of host `host`, of texts that long.
  void append(SstWriter& writer, const std::string& key, int64_t first, size_t row_count,
              size_t text_bytes = 1) {
    std::vector<int64_t> times(row_count);
    ColumnVector usage(ValueType::kInt64), text(ValueType::kString);
    for (size_t row = 0; row < row_count; ++row) {
      times[row] = first + static_cast<int64_t>(row);
      usage.append_i64(times[row] * 3 % 101);
      text.append_string(std::string(text_bytes, static_cast<char>('a' + row % 26)));
    }
    const ColumnView views[] = {usage.view(), text.view()};
    const auto appended = writer.append({series_key_hash(key), key}, times, views);
    ASSERT_TRUE(appended.has_value()) << appended.error().message;
  }

  static std::vector<std::string> keys(size_t count) {
    std::vector<std::string> keys;
    for (size_t host = 0; host < count; ++host) {
      keys.push_back(encode_series_key({{kHost, "host_" + std::to_string(host)}}));
    }
    std::ranges::sort(keys, {}, series_key_hash);
    return keys;
  }

  /// All row groups, and that each row is what append() made of it.
  std::vector<uint32_t> check() {
    std::vector<uint32_t> groups;
    const auto reader = open_sst(files_, kPath);
    EXPECT_TRUE(reader.has_value()) << reader.error().message;
    if (!reader) return groups;
    for (uint32_t group = 0; group < (*reader)->row_group_count(); ++group) {
      groups.push_back((*reader)->row_group_rows(group));
      const auto times = (*reader)->read_times(group);
      const auto usage = (*reader)->read_field(group, 0);
      const auto text = (*reader)->read_field(group, 1);
      EXPECT_TRUE(times && usage && text);
      for (uint32_t row = 0; row < groups.back(); ++row) {
        EXPECT_EQ((*usage)->view().as<int64_t>()[row],
                  (*times)->view().as<int64_t>()[row] * 3 % 101);
      }
    }
    return groups;
  }

  SimulatedFileSystem files_;
};

TEST_F(Packed, CutsLongSeriesIntoEvenPagesAndLetsShortOnesShare) {
  const auto series = keys(40);
  auto writer = make_writer();
  append(*writer, series[0], 0, 20'000);
  for (size_t one = 1; one < 40; ++one) append(*writer, series[one], 0, 300);
  ASSERT_TRUE(writer->finish().has_value());
  EXPECT_EQ(check(), (std::vector<uint32_t>{6666, 6667, 6667 + 5 * 300, 27 * 300, 7 * 300}));
}

TEST_F(Packed, GathersASeriesThatComesInManyCalls) {
  const auto series = keys(2);
  auto writer = make_writer();
  for (int64_t call = 0; call < 100; ++call) append(*writer, series[0], call * 50, 50);
  append(*writer, series[1], 0, 10);
  ASSERT_TRUE(writer->finish().has_value());
  EXPECT_EQ(check(), (std::vector<uint32_t>{5010}));
  const auto reader = open_sst(files_, kPath);
  const auto found = (*reader)->find(series_key_hash(series[0]));
  ASSERT_TRUE(found && *found);
  ASSERT_EQ((*found)->rows().size(), 1U);
  EXPECT_EQ((*found)->rows()[0].row_count, 5000U);
  EXPECT_EQ((*found)->directory->summaries((*found)->rows()[0])[0].count, 5000U);
}

TEST_F(Packed, EndsAPageEarlyWhenItsTextsAreLong) {
  auto writer = make_writer();
  append(*writer, keys(1)[0], 0, 40, 1 << 20);
  ASSERT_TRUE(writer->finish().has_value());
  const auto groups = check();
  EXPECT_EQ(groups.size(), 8U);
  EXPECT_EQ(*std::ranges::max_element(groups), 5U);
}

TEST_F(Packed, HasAParquetRowForEachSeriesOfEachPage) {
  const auto series = keys(3);
  auto writer = make_writer();
  append(*writer, series[0], 0, 9000);
  append(*writer, series[1], 0, 70);
  append(*writer, series[2], 0, 10);
  const auto summary = writer->finish();
  ASSERT_TRUE(summary.has_value());
  const std::shared_ptr<File> file = *files_.open(kPath, FileSystem::OpenMode::kRead);
  const auto parquet_file =
      parquet::ParquetFileReader::Open(std::make_shared<FileInput>(file, summary->size_bytes));
  const auto metadata = parquet_file->metadata();
  EXPECT_EQ(metadata->num_rows(), 4);
  std::vector<std::string> names;
  for (int column = 0; column < metadata->num_columns(); ++column) {
    names.push_back(metadata->schema()->Column(column)->name());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"time_first", "series_hash", "time_first_",
                                             "time_last", "row_count", "usage.count", "usage.min",
                                             "usage.max", "usage.sum", "usage.first", "usage.last",
                                             "time.page", "usage.page", "text.page"}));
  const auto reader = open_sst(files_, kPath);
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ((*reader)->fields()[0].name, "usage");
  EXPECT_EQ((*reader)->fields()[1].type, ValueType::kString);
}

TEST_F(Packed, SparesSmallFilesColumnsForStatisticsThatTheyDoNotHave) {
  const auto size_of = [&](size_t row_count, size_t field_count) {
    SstWriterOptions options{.path = kPath, .layout = SstLayout::kPacked, .table_name = "cpu"};
    ColumnVector cells(ValueType::kInt64);
    std::vector<int64_t> times(row_count);
    for (size_t row = 0; row < row_count; ++row) {
      times[row] = static_cast<int64_t>(row);
      cells.append_i64(times[row] * 3 % 101);
    }
    std::vector<ColumnView> views(field_count, cells.view());
    for (uint32_t field = 0; field < field_count; ++field) {
      options.columns.push_back(
          {ColumnId{2 + field}, ColumnKind::kField, ValueType::kInt64, std::to_string(field)});
    }
    auto writer = make_sst_writer(files_, options);
    EXPECT_TRUE(writer.has_value());
    const std::string key = encode_series_key({});
    EXPECT_TRUE((*writer)->append({series_key_hash(key), key}, times, views).has_value());
    const auto summary = (*writer)->finish();
    EXPECT_TRUE(summary.has_value());
    const auto reader = open_sst(files_, kPath);
    EXPECT_TRUE(reader.has_value());
    EXPECT_EQ((*reader)->fields().size(), field_count);
    EXPECT_TRUE((*reader)->read_field(0, static_cast<uint32_t>(field_count) - 1).has_value());
    return summary->size_bytes;
  };
  EXPECT_LT(size_of(63, 10) + 5'000, size_of(64, 10)) << "few rows";
  EXPECT_LT(size_of(64, 1'000), 300'000u) << "many fields";
}

TEST_F(Packed, IsTheSameWhetherTagsComeAsTextsOrAsNumbers) {
  constexpr ColumnId kRack{5};
  constexpr size_t kSeries = 3'000;
  std::vector<std::string> keys;
  for (size_t host = 0; host < kSeries; ++host) {
    std::vector<KeyCell> cells;
    const std::string name = "host_" + std::to_string(host / 2);
    const std::string rack = std::to_string(host % 7);
    if (host % 11 != 0) cells.push_back({kHost, name});
    cells.push_back({kRack, host % 2 == 0 ? rack : rack + "b"});
    keys.push_back(encode_series_key(cells));
  }
  std::ranges::sort(keys, {}, series_key_hash);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  const auto bytes_of = [&](auto has_numbers) {
    auto writer = make_sst_writer(
        files_, {.path = kPath,
                 .layout = SstLayout::kPacked,
                 .table_name = "cpu",
                 .columns = {{kHost, ColumnKind::kTag, ValueType::kString, "host"},
                             {kRack, ColumnKind::kTag, ValueType::kString, "rack"},
                             {kUsage, ColumnKind::kField, ValueType::kInt64, "usage"}}});
    EXPECT_TRUE(writer.has_value());
    std::map<std::string, uint32_t, std::less<>> numbers[2];
    std::vector<std::vector<uint32_t>> series_numbers;
    std::vector<SeriesSlice> slices;
    for (size_t one = 0; one < keys.size(); ++one) {
      auto& own = series_numbers.emplace_back();
      for (const ColumnId tag : {kHost, kRack}) {
        auto& known = numbers[tag == kRack];
        const auto text = key_cell(keys[one], tag);
        const auto next = 5 + static_cast<uint32_t>(known.size());
        own.push_back(text.empty() ? 0 : known.try_emplace(std::string(text), next).first->second);
      }
      slices.push_back({.series = {series_key_hash(keys[one]), keys[one]},
                        .row_begin = one * 2,
                        .row_count = 2,
                        .tag_numbers = {}});
      if (has_numbers(one)) slices.back().tag_numbers = own;
    }
    std::vector<int64_t> times(keys.size() * 2);
    ColumnVector usage(ValueType::kInt64);
    for (size_t row = 0; row < times.size(); ++row) {
      times[row] = static_cast<int64_t>(row % 2);
      usage.append_i64(times[row] * 3 % 101);
    }
    const ColumnView views[] = {usage.view()};
    EXPECT_TRUE((*writer)->append_slices(slices, times, views).has_value());
    EXPECT_TRUE((*writer)->finish().has_value());
    const auto file = *files_.open(kPath, FileSystem::OpenMode::kRead);
    return *file->read_at(0, *file->size_bytes());
  };
  const std::string expected = bytes_of([](size_t) { return false; });
  EXPECT_EQ(bytes_of([](size_t) { return true; }), expected);
  EXPECT_EQ(bytes_of([](size_t one) { return one % 5 != 0; }), expected);
  EXPECT_EQ(bytes_of([](size_t one) { return one < 1'000; }), expected);
}

TEST_F(Packed, SparesTagsThatHardlyRepeatADictionary) {
  constexpr ColumnId kRack{5};
  std::vector<std::string> keys;
  for (int host = 0; host < 1'300; ++host) {
    const std::string name = "host_" + std::to_string(host);
    const std::string rack = std::to_string(host % 7);
    std::vector<KeyCell> cells = {{kHost, name}, {kRack, rack}};
    if (host % 13 == 0) cells.erase(cells.begin());
    keys.push_back(encode_series_key(cells));
  }
  std::ranges::sort(keys, {}, series_key_hash);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  auto writer = make_sst_writer(
      files_, {.path = kPath,
               .layout = SstLayout::kPacked,
               .table_name = "cpu",
               .columns = {{kHost, ColumnKind::kTag, ValueType::kString, "host"},
                           {kRack, ColumnKind::kTag, ValueType::kString, "rack"},
                           {kUsage, ColumnKind::kField, ValueType::kInt64, "usage"},
                           {kText, ColumnKind::kField, ValueType::kString, "text"}}});
  ASSERT_TRUE(writer.has_value());
  for (const std::string& key : keys) append(**writer, key, 0, 2);
  const auto summary = (*writer)->finish();
  ASSERT_TRUE(summary.has_value());
  check();
  const std::shared_ptr<File> file = *files_.open(kPath, FileSystem::OpenMode::kRead);
  const auto parquet_file =
      parquet::ParquetFileReader::Open(std::make_shared<FileInput>(file, summary->size_bytes));
  const auto group = parquet_file->RowGroup(0);
  EXPECT_FALSE(group->metadata()->ColumnChunk(0)->has_dictionary_page());
  EXPECT_TRUE(group->metadata()->ColumnChunk(1)->has_dictionary_page());
  for (const ColumnId tag : {kHost, kRack}) {
    const auto column = std::static_pointer_cast<parquet::ByteArrayReader>(
        group->Column(tag == kHost ? 0 : 1));
    for (const std::string& key : keys) {
      parquet::ByteArray text;
      int16_t level = 0;
      int64_t values = 0;
      ASSERT_EQ(column->ReadBatch(1, &level, nullptr, &text, &values), 1);
      const auto wanted = key_cell(key, tag);
      ASSERT_EQ(values, wanted.empty() ? 0 : 1);
      if (values == 1) {
        ASSERT_EQ(std::string_view(text), wanted);
      }
    }
  }
}

}  // namespace
}  // namespace varve::engine
