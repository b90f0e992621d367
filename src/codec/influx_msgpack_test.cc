// SPDX-License-Identifier: Apache-2.0
#include "codec/influx_msgpack.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <string>
#include <vector>

namespace varve {
namespace {

/// Reads MessagePack back, as text that looks like JSON.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string all() {
    std::string text;
    while (!rest_.empty()) text += (text.empty() ? "" : "\n") + value();
    return text;
  }

 private:
  uint64_t number(size_t size_bytes) {
    uint64_t value = 0;
    for (const char c : take(size_bytes)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
  std::string_view take(size_t size_bytes) {
    EXPECT_LE(size_bytes, rest_.size());
    const auto bytes = rest_.substr(0, size_bytes);
    rest_.remove_prefix(bytes.size());
    return bytes;
  }
  std::string text(size_t size_bytes) { return "'" + std::string(take(size_bytes)) + "'"; }
  std::string array(size_t count) {
    std::string out = "[";
    for (size_t i = 0; i < count; ++i) out += (i ? "," : "") + value();
    return out + "]";
  }
  std::string map(size_t count) {
    std::string out = "{";
    for (size_t i = 0; i < count; ++i) {
      out += (i ? "," : "") + value() + ":";
      out += value();
    }
    return out + "}";
  }
  std::string value() {
    const auto first = static_cast<uint8_t>(number(1));
    if (first < 0x80) return std::to_string(first);
    if (first < 0x90) return map(first & 15);
    if (first < 0xa0) return array(first & 15);
    if (first < 0xc0) return text(first & 31);
    if (first >= 0xe0) return std::to_string(static_cast<int8_t>(first));
    switch (first) {
      case 0xc0:
        return "null";
      case 0xc2:
        return "false";
      case 0xc3:
        return "true";
      case 0xc7: {
        const auto size_bytes = number(1);
        const auto type = number(1);
        EXPECT_EQ(size_bytes, 12u);
        const auto seconds = static_cast<int64_t>(number(8));
        return "ext" + std::to_string(type) + "(" + std::to_string(seconds) + "," +
               std::to_string(number(4)) + ")";
      }
      case 0xcb:
        return std::to_string(std::bit_cast<double>(number(8)));
      case 0xcc:
        return std::to_string(number(1));
      case 0xcd:
        return std::to_string(number(2));
      case 0xce:
        return std::to_string(number(4));
      case 0xcf:
        return std::to_string(number(8));
      case 0xd0:
        return std::to_string(static_cast<int8_t>(number(1)));
      case 0xd1:
        return std::to_string(static_cast<int16_t>(number(2)));
      case 0xd2:
        return std::to_string(static_cast<int32_t>(number(4)));
      case 0xd3:
        return std::to_string(static_cast<int64_t>(number(8)));
      case 0xd9:
        return text(number(1));
      case 0xda:
        return text(number(2));
      case 0xdb:
        return text(number(4));
      case 0xdc:
        return array(number(2));
      case 0xdd:
        return array(number(4));
      default:
        ADD_FAILURE() << "byte " << int{first};
        return "?";
    }
  }

  std::string_view rest_;
};

void must(const Result<void>& result) { ASSERT_TRUE(result.has_value()) << result.error().message; }

ResultBlock block_of(const std::vector<int64_t>& times, const std::vector<double>& values) {
  return {.columns =
              {{.type = ValueType::kTimestamp, .values = times.data(), .row_count = times.size()},
               {.type = ValueType::kFloat64, .values = values.data(), .row_count = times.size()}},
          .row_count = times.size()};
}

const std::vector<int64_t> kTimes{-1, 1'577'836'800'000'000'002, 3};
const std::vector<double> kValues{1.5, std::numeric_limits<double>::quiet_NaN(), -2};

TEST(InfluxMsgpack, WritesTheTreeOfTheJsonAnswer) {
  StringSink sink;
  InfluxMsgpack writer({}, sink);
  must(writer.begin_statement(0));
  must(writer.begin_series({.name = "cpu", .tags = {{"host", "a"}}, .columns = {"time", "v"}}));
  must(writer.rows(block_of(kTimes, kValues)));
  must(writer.end_series());
  must(writer.begin_series({.columns = {"time", "v"}}));
  must(writer.end_series());
  must(writer.message("warning", "w"));
  must(writer.end_statement());
  must(writer.begin_statement(1));
  must(writer.end_statement());
  must(writer.begin_statement(2));
  must(writer.statement_error("no such thing"));
  must(writer.finish());
  EXPECT_EQ(
      Reader(sink.text()).all(),
      "{'results':[{'statement_id':0,'messages':[{'level':'warning','text':'w'}],'series':["
      "{'name':'cpu','tags':{'host':'a'},'columns':['time','v'],'values':[[ext5(-1,999999999),1."
      "500000],"
      "[ext5(1577836800,2),null],[ext5(0,3),-2.000000]]},{'columns':['time','v'],'values':[]}]},"
      "{'statement_id':1,'series':[]},{'error':'no such thing'}]}");
}

TEST(InfluxMsgpack, ChunksHoldRowsOfOneSeries) {
  StringSink sink;
  InfluxMsgpack writer({.epoch = TimePrecision::kSecond, .chunked = true, .chunk_rows = 2}, sink);
  must(writer.begin_statement(0));
  must(writer.begin_series({.name = "m", .columns = {"time", "v"}}));
  must(writer.rows(block_of(kTimes, {1, 2, 3})));
  must(writer.end_series());
  must(writer.end_statement());
  must(writer.finish());
  EXPECT_EQ(Reader(sink.text()).all(),
            "{'results':[{'statement_id':0,'series':[{'name':'m','columns':['time','v'],"
            "'values':[[0,1.000000],[1577836800,2.000000]],'partial':true}],'partial':true}]}\n"
            "{'results':[{'statement_id':0,'series':[{'name':'m','columns':['time','v'],"
            "'values':[[0,3.000000]]}]}]}");
}

TEST(InfluxMsgpack, AnAnswerWithoutStatementsHasNoResults) {
  StringSink sink;
  InfluxMsgpack writer({}, sink);
  must(writer.finish());
  EXPECT_EQ(Reader(sink.text()).all(), "{'results':[]}");
}

TEST(InfluxMsgpack, RefusesWhatItCannotHold) {
  StringSink sink;
  InfluxMsgpack writer({.held_bytes_max = 1'000}, sink);
  must(writer.begin_statement(0));
  must(writer.begin_series({.name = "m", .columns = {"time", "v"}}));
  Result<void> written;
  for (int i = 0; i < 100 && written; ++i) written = writer.rows(block_of(kTimes, {1, 2, 3}));
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, ErrorCode::kTooLarge);
  EXPECT_FALSE(writer.finish().has_value());
  EXPECT_EQ(sink.text(), "");
}

TEST(InfluxMsgpack, IntegersAreAsShortAsTheyCanBe) {
  const auto reads_back = [](int64_t value, size_t size_bytes) {
    std::string bytes;
    msgpack::append_i64(bytes, value);
    EXPECT_EQ(bytes.size(), size_bytes) << value;
    EXPECT_EQ(Reader(bytes).all(), std::to_string(value));
  };
  reads_back(0, 1);
  reads_back(127, 1);
  reads_back(128, 2);
  reads_back(255, 2);
  reads_back(256, 3);
  reads_back(65'535, 3);
  reads_back(65'536, 5);
  reads_back(4'294'967'295, 5);
  reads_back(4'294'967'296, 9);
  reads_back(std::numeric_limits<int64_t>::max(), 9);
  reads_back(-1, 1);
  reads_back(-32, 1);
  reads_back(-33, 2);
  reads_back(-128, 2);
  reads_back(-129, 3);
  reads_back(-32'768, 3);
  reads_back(-32'769, 5);
  reads_back(-2'147'483'648, 5);
  reads_back(-2'147'483'649, 9);
  reads_back(std::numeric_limits<int64_t>::min(), 9);
}

TEST(InfluxMsgpack, TextsOfAnyLengthReadBack) {
  for (const size_t length : {0u, 31u, 32u, 255u, 256u, 65'535u, 65'536u}) {
    std::string bytes;
    msgpack::append_string(bytes, std::string(length, 'x'));
    EXPECT_EQ(Reader(bytes).all(), "'" + std::string(length, 'x') + "'");
  }
}

}  // namespace
}  // namespace varve
