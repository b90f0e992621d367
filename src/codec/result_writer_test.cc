// SPDX-License-Identifier: Apache-2.0
#include "codec/result_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/check.h"
#include "model/column_vector.h"

namespace varve {
namespace {

constexpr int64_t kT = 1'577'836'800'000'000'000;  // 2020-01-01T00:00:00Z
constexpr int64_t kSecond = 1'000'000'000;

/// A writer and what it wrote.
struct Answer {
  explicit Answer(ResultFormat format, const ResultWriterOptions& options = {})
      : writer(make_result_writer(format, options, sink)) {}

  /// One column of times at kT, kT + 1 s, …, one of integers from `first` on.
  void rows(size_t count, int64_t first = 0) {
    std::vector<int64_t> times;
    std::vector<int64_t> values;
    for (size_t i = 0; i < count; ++i) {
      times.push_back(kT + static_cast<int64_t>(i) * kSecond);
      values.push_back(first + static_cast<int64_t>(i));
    }
    const ResultBlock block{
        .columns = {{.type = ValueType::kTimestamp, .values = times.data(), .row_count = count},
                    {.type = ValueType::kInt64, .values = values.data(), .row_count = count}},
        .row_count = count};
    must(writer->rows(block));
  }
  void series(const std::string& host, size_t row_count) {
    ResultHeader header{.name = "cpu", .columns = {"time", "v"}, .has_time = true};
    if (!host.empty()) header.tags = {{"host", host}};
    must(writer->begin_series(header));
    rows(row_count);
    must(writer->end_series());
  }
  std::string text() {
    must(writer->finish());
    return sink.text();
  }
  static void must(const Result<void>& result) {
    ASSERT_TRUE(result.has_value()) << result.error().message;
  }

  StringSink sink;
  std::unique_ptr<ResultWriter> writer;
};

TEST(InfluxJson, AnswersOneStatement) {
  Answer answer(ResultFormat::kJson);
  answer.must(answer.writer->begin_statement(0));
  answer.series("", 2);
  answer.must(answer.writer->end_statement());
  EXPECT_EQ(answer.text(),
            R"({"results":[{"statement_id":0,"series":[{"name":"cpu","columns":["time","v"],)"
            R"("values":[["2020-01-01T00:00:00Z",0],["2020-01-01T00:00:01Z",1]]}]}]})"
            "\n");
}

TEST(InfluxJson, AnswersSeveralStatementsSeriesAndBlocks) {
  Answer answer(ResultFormat::kJson, {.epoch = TimePrecision::kSecond});
  answer.must(answer.writer->begin_statement(0));
  answer.series("a", 1);
  const ResultHeader header{
      .name = "cpu", .tags = {{"host", "b"}, {"zone", ""}}, .columns = {"time", "v"}};
  answer.must(answer.writer->begin_series(header));
  answer.rows(1, 5);
  answer.rows(1, 6);
  answer.must(answer.writer->end_series());
  answer.must(answer.writer->end_statement());
  answer.must(answer.writer->begin_statement(1));
  answer.must(answer.writer->end_statement());
  EXPECT_EQ(
      answer.text(),
      R"({"results":[{"statement_id":0,"series":[)"
      R"({"name":"cpu","tags":{"host":"a"},"columns":["time","v"],"values":[[1577836800,0]]},)"
      R"({"name":"cpu","tags":{"host":"b","zone":""},"columns":["time","v"],)"
      R"("values":[[1577836800,5],[1577836800,6]]}]},{"statement_id":1}]})"
      "\n");
}

TEST(InfluxJson, LeavesOutWhatIsEmpty) {
  EXPECT_EQ(Answer(ResultFormat::kJson).text(), "{}\n");
  EXPECT_EQ(Answer(ResultFormat::kJson, {.pretty = true}).text(), "{}\n");
  Answer answer(ResultFormat::kJson);
  answer.must(answer.writer->begin_statement(0));
  answer.must(answer.writer->begin_series({.columns = {"user", "admin"}}));
  answer.must(answer.writer->end_series());
  answer.must(answer.writer->end_statement());
  EXPECT_EQ(answer.text(),
            R"({"results":[{"statement_id":0,"series":[{"columns":["user","admin"]}]}]})"
            "\n");
}

TEST(InfluxJson, WordsAColumnOfLists) {
  const auto answer = [](ResultFormat format) {
    Answer answer(format);
    answer.must(answer.writer->begin_statement(0));
    answer.must(answer.writer->begin_series({.columns = {"a", "b"}, .list_column = 1}));
    const std::string_view texts[] = {"x\ny", "", "one"};
    ResultBlock block{.columns = {{.type = ValueType::kString, .values = texts, .row_count = 3},
                                  {.type = ValueType::kString, .values = texts, .row_count = 3}},
                      .row_count = 3};
    answer.must(answer.writer->rows(block));
    answer.must(answer.writer->end_series());
    answer.must(answer.writer->end_statement());
    return answer.text();
  };
  EXPECT_EQ(answer(ResultFormat::kJson),
            R"({"results":[{"statement_id":0,"series":[{"columns":["a","b"],)"
            R"("values":[["x\ny",["x","y"]],["",[]],["one",["one"]]]}]}]})"
            "\n");
  const std::string bytes = answer(ResultFormat::kMsgpack);
  EXPECT_NE(bytes.find("\x92\xa3x\ny\x92\xa1x\xa1y\x92\xa0\x90\x92\xa3one\x91\xa3one"),
            std::string::npos);
}

TEST(InfluxJson, TellsMessagesAndErrors) {
  Answer answer(ResultFormat::kJson);
  answer.must(answer.writer->begin_statement(0));
  answer.must(answer.writer->message("warning", "deprecated"));
  answer.must(answer.writer->end_statement());
  answer.must(answer.writer->begin_statement(1));
  answer.must(answer.writer->statement_error("retention policy not found: \"x\""));
  answer.must(answer.writer->end_statement());
  answer.must(answer.writer->begin_statement(2));
  answer.must(answer.writer->begin_series({.name = "cpu", .columns = {"time", "v"}}));
  answer.rows(1);
  answer.must(answer.writer->statement_error("timeout"));
  EXPECT_EQ(
      answer.text(),
      R"({"results":[{"statement_id":0,"messages":[{"level":"warning","text":"deprecated"}]},)"
      R"({"statement_id":1,"error":"retention policy not found: \"x\""},)"
      R"({"statement_id":2,"series":[{"name":"cpu","columns":["time","v"],)"
      R"("values":[["2020-01-01T00:00:00Z",0]]}],"error":"timeout"}]})"
      "\n");
}

TEST(InfluxJson, PrettyLooksAsGoIndents) {
  Answer answer(ResultFormat::kJson, {.epoch = TimePrecision::kSecond, .pretty = true});
  answer.must(answer.writer->begin_statement(0));
  answer.must(answer.writer->message("warning", "w"));
  answer.series("a", 2);
  answer.must(answer.writer->end_statement());
  answer.must(answer.writer->begin_statement(1));
  answer.must(answer.writer->statement_error("e"));
  EXPECT_EQ(answer.text(), R"({
    "results": [
        {
            "statement_id": 0,
            "series": [
                {
                    "name": "cpu",
                    "tags": {
                        "host": "a"
                    },
                    "columns": [
                        "time",
                        "v"
                    ],
                    "values": [
                        [
                            1577836800,
                            0
                        ],
                        [
                            1577836801,
                            1
                        ]
                    ]
                }
            ],
            "messages": [
                {
                    "level": "warning",
                    "text": "w"
                }
            ]
        },
        {
            "statement_id": 1,
            "error": "e"
        }
    ]
}
)");
}

/// All types, with absent and NULL cells, two rows.
struct AllTypes {
  ColumnVector time{ValueType::kTimestamp};
  ColumnVector f{ValueType::kFloat64};
  ColumnVector i{ValueType::kInt64};
  ColumnVector u{ValueType::kUint64};
  ColumnVector b{ValueType::kBool};
  ColumnVector s{ValueType::kString};
  std::vector<CellState> states{CellState::kValue, CellState::kNull};

  AllTypes() {
    time.append_i64(-1);
    time.append_i64(kT + 1);
    f.append_f64(std::numeric_limits<double>::quiet_NaN());
    f.append_f64(1e21);
    i.append_i64(std::numeric_limits<int64_t>::max());
    i.append_i64(0);
    u.append_u64(std::numeric_limits<uint64_t>::max());
    u.append_u64(0);
    b.append_bool(true);
    b.append_bool(false);
    s.append_string("<a, \"b\">");
    s.append_string("");
  }
  static ResultHeader header() {
    return {.name = "m", .columns = {"time", "f", "i", "u", "b", "s"}, .has_time = true};
  }
  ResultBlock block() const {
    ResultBlock block{.columns = {time.view(), f.view(), i.view(), u.view(), b.view(), s.view()},
                      .row_count = 2};
    block.columns[2].states = states.data();
    block.columns[3].states = states.data();
    return block;
  }
  std::string answer(ResultFormat format, const ResultWriterOptions& options = {},
                     const TimeZone* zone = nullptr) {
    Answer answer(format, options);
    auto with_zone = header();
    with_zone.zone = zone;
    answer.must(answer.writer->begin_statement(0));
    answer.must(answer.writer->begin_series(with_zone));
    answer.must(answer.writer->rows(block()));
    answer.must(answer.writer->end_series());
    answer.must(answer.writer->end_statement());
    return answer.text();
  }
};

std::string json_rows(const std::string& rows) {
  return R"({"results":[{"statement_id":0,"series":[{"name":"m",)"
         R"("columns":["time","f","i","u","b","s"],"values":[)" +
         rows + "]}]}]}\n";
}

TEST(InfluxJson, WordsEveryType) {
  EXPECT_EQ(
      AllTypes().answer(ResultFormat::kJson),
      json_rows(
          R"(["1969-12-31T23:59:59.999999999Z",null,9223372036854775807,18446744073709551615,true,)"
          R"("\u003ca, \"b\"\u003e"],["2020-01-01T00:00:00.000000001Z",1e+21,null,null,)"
          R"(false,""])"));
}

TEST(InfluxJson, CutsEpochTimesTowardsZeroAndIgnoresTheZone) {
  struct Tokyo final : TimeZone {
    int32_t offset_seconds(int64_t) const override { return 9 * 3600; }
  };
  const Tokyo tokyo;
  EXPECT_NE(AllTypes()
                .answer(ResultFormat::kJson, {}, &tokyo)
                .find(R"(["2020-01-01T09:00:00.000000001+09:00",)"),
            std::string::npos);
  const auto text =
      AllTypes().answer(ResultFormat::kJson, {.epoch = TimePrecision::kSecond}, &tokyo);
  EXPECT_NE(text.find("[[0,null,"), std::string::npos) << text;
  EXPECT_NE(text.find("[1577836800,1e+21,"), std::string::npos) << text;
}

TEST(InfluxJson, ChunksHoldRowsOfOneSeries) {
  Answer answer(ResultFormat::kJson,
                {.epoch = TimePrecision::kSecond, .chunked = true, .chunk_rows = 2});
  answer.must(answer.writer->begin_statement(0));
  answer.series("a", 4);
  answer.series("b", 3);
  answer.must(answer.writer->end_statement());
  answer.must(answer.writer->begin_statement(1));
  answer.must(answer.writer->end_statement());
  answer.must(answer.writer->begin_statement(2));
  answer.must(answer.writer->statement_error("e"));
  const auto series = [](const std::string& host, const std::string& rows) {
    return R"({"results":[{"statement_id":0,"series":[{"name":"cpu","tags":{"host":")" + host +
           R"("},"columns":["time","v"],"values":[)" + rows + "]";
  };
  const std::string both_partial = R"(,"partial":true}],"partial":true}]})"
                                   "\n";
  EXPECT_EQ(answer.text(), series("a", "[1577836800,0],[1577836801,1]") + both_partial +
                               series("a", "[1577836802,2],[1577836803,3]") +
                               R"(}],"partial":true}]})"
                               "\n" +
                               series("b", "[1577836800,0],[1577836801,1]") + both_partial +
                               series("b", "[1577836802,2]") + "}]}]}\n" +
                               R"({"results":[{"statement_id":1}]})"
                               "\n" +
                               R"({"results":[{"statement_id":2,"error":"e"}]})"
                               "\n");
}

TEST(InfluxJson, ChunkSizeMeansNothingWithoutChunks) {
  Answer answer(ResultFormat::kJson, {.chunk_rows = 1});
  answer.must(answer.writer->begin_statement(0));
  answer.series("", 3);
  answer.must(answer.writer->end_statement());
  const auto text = answer.text();
  EXPECT_EQ(text.find("partial"), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(InfluxCsv, WritesHeadersTagsAndQuotes) {
  Answer answer(ResultFormat::kCsv);
  answer.must(answer.writer->begin_statement(0));
  answer.series("a b", 1);
  const ResultHeader two_tags{.name = "cpu",
                              .tags = {{"host", "a"}, {"none", ""}, {"region", "e"}},
                              .columns = {"time", "v"}};
  answer.must(answer.writer->begin_series(two_tags));
  answer.rows(1);
  answer.must(answer.writer->end_series());
  answer.must(answer.writer->begin_series({.name = "m,n", .columns = {"time", "w"}}));
  answer.rows(1, 7);
  answer.must(answer.writer->end_series());
  answer.must(answer.writer->end_statement());
  answer.must(answer.writer->begin_statement(1));
  answer.must(answer.writer->statement_error("has no place"));
  answer.must(answer.writer->begin_statement(2));
  answer.series("", 1);
  answer.must(answer.writer->end_statement());
  EXPECT_EQ(answer.text(),
            "name,tags,time,v\n"
            "cpu,host=a b,1577836800000000000,0\n"
            "cpu,\"host=a,region=e\",1577836800000000000,0\n"
            "\n"
            "name,tags,time,w\n"
            "\"m,n\",,1577836800000000000,7\n"
            "\n"
            "name,tags,time,v\n"
            "cpu,,1577836800000000000,0\n");
}

TEST(InfluxCsv, WordsEveryType) {
  EXPECT_EQ(AllTypes().answer(ResultFormat::kCsv),
            "name,tags,time,f,i,u,b,s\n"
            "m,,-1,,9223372036854775807,18446744073709551615,true,\"<a, \"\"b\"\">\"\n"
            "m,,1577836800000000001,1000000000000000000000,,,false,\n");
  EXPECT_NE(AllTypes()
                .answer(ResultFormat::kCsv, {.epoch = TimePrecision::kMillisecond})
                .find("m,,1577836800000,"),
            std::string::npos);
}

TEST(InfluxCsv, QuotesOnlyWhereGoDoes) {
  const auto looks = [](std::string_view text, std::string_view cell) {
    Answer answer(ResultFormat::kCsv);
    answer.must(answer.writer->begin_statement(0));
    answer.must(answer.writer->begin_series({.name = std::string(text), .columns = {"c"}}));
    ColumnVector column(ValueType::kString);
    column.append_string(text);
    answer.must(answer.writer->rows({.columns = {column.view()}, .row_count = 1}));
    EXPECT_EQ(answer.text(), "name,tags,c\n" + std::string(cell) + ",," + std::string(cell) + "\n");
  };
  looks("plain words", "plain words");
  looks("", "");
  looks(" starts with a space", "\" starts with a space\"");
  looks("\u00a0no break", "\"\u00a0no break\"");
  looks("ends with one ", "ends with one ");
  looks("a\nb", "\"a\nb\"");
  looks("a\rb", "\"a\rb\"");
  looks("\\.", "\"\\.\"");
  looks("\\.x", "\\.x");
  looks("say \"x\"", "\"say \"\"x\"\"\"");
  looks("\xff", "\xff");
}

TEST(ErrorDocument, IsWordedInEachFormat) {
  EXPECT_EQ(error_document(ResultFormat::kJson, "no \"x\""), "{\"error\":\"no \\\"x\\\"\"}\n");
  EXPECT_EQ(error_document(ResultFormat::kJson, "e", true), "{\n    \"error\": \"e\"\n}\n");
  EXPECT_EQ(error_document(ResultFormat::kCsv, "found a, expected b"),
            "error\n\"found a, expected b\"\n");
  EXPECT_EQ(error_document(ResultFormat::kMsgpack, "e"),
            "\x81\xa5"
            "error\xa1"
            "e");
}

TEST(ResultWriter, TellsThatTheClientWentAway) {
  struct Gone final : ByteSink {
    Result<void> write(std::string_view) override {
      ++calls;
      return fail(ErrorCode::kCancelled, "the client went away");
    }
    int calls = 0;
  };
  for (const auto format : {ResultFormat::kJson, ResultFormat::kCsv, ResultFormat::kMsgpack}) {
    Gone gone;
    const auto writer = make_result_writer(format, {}, gone);
    std::vector<int64_t> cells(100'000);
    const ResultBlock block{
        .columns = {{.type = ValueType::kInt64, .values = cells.data(), .row_count = cells.size()}},
        .row_count = cells.size()};
    ASSERT_TRUE(writer->begin_statement(0).has_value());
    ASSERT_TRUE(writer->begin_series({.name = "m", .columns = {"v"}}).has_value());
    (void)writer->rows(block);
    (void)writer->end_series();
    (void)writer->end_statement();
    const auto finished = writer->finish();
    ASSERT_FALSE(finished.has_value());
    EXPECT_EQ(finished.error().code, ErrorCode::kCancelled);
    EXPECT_EQ(gone.calls, 1);
  }
}

TEST(ResultWriter, SendsPiecesWhileRowsComeIn) {
  struct Pieces final : ByteSink {
    Result<void> write(std::string_view bytes) override {
      bytes_max = std::max(bytes_max, bytes.size());
      total += bytes.size();
      return {};
    }
    size_t bytes_max = 0;
    size_t total = 0;
  };
  for (const auto format : {ResultFormat::kJson, ResultFormat::kCsv}) {
    Pieces pieces;
    const auto writer = make_result_writer(format, {}, pieces);
    std::vector<int64_t> cells(1'000'000, 12345);
    ASSERT_TRUE(writer->begin_statement(0).has_value());
    ASSERT_TRUE(writer->begin_series({.name = "m", .columns = {"v"}}).has_value());
    ASSERT_TRUE(writer
                    ->rows({.columns = {{.type = ValueType::kInt64,
                                         .values = cells.data(),
                                         .row_count = cells.size()}},
                            .row_count = cells.size()})
                    .has_value());
    EXPECT_GT(pieces.total, 7'000'000u);
    EXPECT_LE(pieces.bytes_max, 64 * 1024u);
  }
}

}  // namespace
}  // namespace varve
