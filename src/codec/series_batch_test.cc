// SPDX-License-Identifier: Apache-2.0
// Series that come together are worded as if they came one after the other.
#include <gtest/gtest.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/result_writer.h"

namespace varve {
namespace {

constexpr int64_t kT = 1'577'836'800'000'000'000;  // 2020-01-01T00:00:00Z
constexpr int64_t kSecond = 1'000'000'000;

// Two statements: in the first a series goes before those of the batch.
std::string answer(ResultFormat format, const ResultWriterOptions& options,
                   const SeriesBatch& batch, bool is_together) {
  StringSink sink;
  const auto writer = make_result_writer(format, options, sink);
  const auto write = [&] {
    return is_together ? writer->series_batch(batch) : writer->ResultSink::series_batch(batch);
  };
  EXPECT_TRUE(writer->begin_statement(3));
  EXPECT_TRUE(writer->begin_series({.name = "before", .tags = {}, .columns = {"time"}}));
  EXPECT_TRUE(writer->rows({.columns = {batch.block.columns.front()},
                            .row_count = batch.block.row_count}));
  EXPECT_TRUE(writer->end_series());
  EXPECT_TRUE(write());
  EXPECT_TRUE(writer->end_statement());
  EXPECT_TRUE(writer->begin_statement(4));
  EXPECT_TRUE(write());
  EXPECT_TRUE(write());
  EXPECT_TRUE(writer->end_statement());
  EXPECT_TRUE(writer->finish());
  return sink.text();
}

TEST(ResultWriter, WordsManySeriesAtOnceAsOneAfterTheOther) {
  const std::vector<std::vector<std::string>> values = {
      {"a", "x\"y"}, {"b", ""}, {"long enough for eight bytes", "<&>"}, {"é", "four"}};
  const std::vector<int64_t> times = {kT, kT + 1, kT + kSecond, kT + 2 * kSecond, kT + 5};
  ColumnVector numbers(ValueType::kInt64);
  ColumnVector texts(ValueType::kString);
  for (int64_t row = 0; row < 5; ++row) {
    numbers.append_i64(row * 1000);
    if (row == 2) {
      texts.pad_to(3);
    } else {
      texts.append_string("text " + std::to_string(row));
    }
  }
  const size_t begins[] = {3, 0, 2, 4};
  const size_t ends[] = {4, 2, 3, 5};
  for (const auto format : {ResultFormat::kJson, ResultFormat::kCsv, ResultFormat::kMsgpack}) {
    for (const size_t tag_count : {1u, 2u}) {
      for (int way = 0; way < 8; ++way) {
        const ResultWriterOptions options{
            .epoch = (way & 1) != 0 ? std::optional(TimePrecision::kMillisecond) : std::nullopt,
            .pretty = (way & 2) != 0,
            .chunked = (way & 4) != 0};
        ResultHeader header{.name = "cpu",
                            .tags = {{"host", ""}, {"team", ""}},
                            .columns = {"time", "v", "s"},
                            .has_time = true};
        header.tags.resize(tag_count);
        SeriesBatch batch{.header = &header, .series = {}, .block = {}};
        batch.block = {.columns = {{.type = ValueType::kTimestamp,
                                    .values = times.data(),
                                    .row_count = times.size()},
                                   numbers.view(),
                                   texts.view()},
                       .row_count = times.size()};
        for (size_t i = 0; i < values.size(); ++i) {
          batch.series.push_back({.tag_values = std::span(values[i]).subspan(0, tag_count),
                                  .row_begin = begins[i],
                                  .row_end = ends[i]});
        }
        EXPECT_EQ(answer(format, options, batch, true), answer(format, options, batch, false));
      }
    }
  }
}

}  // namespace
}  // namespace varve
