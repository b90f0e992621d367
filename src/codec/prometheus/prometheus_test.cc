// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "codec/prometheus/protobuf.h"
#include "codec/prometheus/remote_read.h"
#include "codec/prometheus/remote_write.h"
#include "codec/snappy.h"

namespace varve {
namespace {

using protobuf::append_bytes;
using protobuf::append_double;
using protobuf::append_integer;

std::string label(std::string_view name, std::string_view value) {
  std::string message;
  append_bytes(message, 1, name);
  append_bytes(message, 2, value);
  return message;
}

std::string sample(double value, int64_t time_ms) {
  std::string message;
  append_double(message, 1, value);
  append_integer(message, 2, static_cast<uint64_t>(time_ms));
  return message;
}

std::string series(const std::vector<std::string>& labels,
                   const std::vector<std::string>& samples) {
  std::string message;
  for (const auto& one : labels) append_bytes(message, 1, one);
  for (const auto& one : samples) append_bytes(message, 2, one);
  std::string request;
  append_bytes(request, 1, message);
  return request;
}

std::string lines(std::string message) {
  auto source = make_remote_write_source(std::move(message));
  if (!source) return source.error().message;
  std::string out;
  PointChunk chunk;
  while ((*source)->next(chunk)) {
    for (const Point& point : chunk.points) {
      const auto key = *(*source)->parse_key(point.raw_key);
      out += key.table;
      for (const auto& [name, text] : key.tags) {
        out.append(",").append(name).append("=").append(text);
      }
      out += " " + std::to_string(chunk.fields[point.fields_begin].f64) + " " +
             std::to_string(point.time_ns) + "; ";
    }
  }
  return out;
}

TEST(RemoteWrite, MakesATableOfEachMetricAndATagOfEachLabel) {
  EXPECT_EQ(lines(series({label("job", "x"), label("__name__", "up"), label("empty", "")},
                         {sample(1, 5), sample(0.5, -6)}) +
                  series({label("a", "b")}, {sample(2, 7)})),
            "up,__name__=up,job=x 1.000000 5000000; up,__name__=up,job=x 0.500000 -6000000; "
            "prom_metric_not_specified,a=b 2.000000 7000000; ");
}

TEST(RemoteWrite, LeavesOutWhatIsNoNumber) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(lines(series({label("__name__", "m")},
                         {sample(std::nan(""), 1), sample(kInf, 2), sample(-kInf, 3),
                          sample(4, 4)})),
            "m,__name__=m 4.000000 4000000; ");
}

TEST(RemoteWrite, ReadsLongSeriesInChunks) {
  std::vector<std::string> samples;
  for (int i = 0; i < 1000; ++i) samples.push_back(sample(i, i));
  const auto source = make_remote_write_source(series({label("__name__", "m")}, samples));
  ASSERT_TRUE(source);
  PointChunk chunk;
  size_t count = 0;
  while ((*source)->next(chunk)) count += chunk.points.size();
  EXPECT_EQ(count, 1000u);
}

TEST(RemoteWrite, RefusesWhatIsNoMessageOrHasALabelTwice) {
  EXPECT_EQ(lines("cpu v=1"), "proto: the body is no such message");
  EXPECT_EQ(lines(series({label("a", "1"), label("a", "2")}, {sample(1, 1)})),
            "remote write: label 'a' occurs twice");
  EXPECT_EQ(lines(series({label("", "1")}, {sample(1, 1)})), "remote write: a label has no name");
  EXPECT_EQ(lines(series({label("a", "1")}, {sample(1, INT64_MAX)})),
            "remote write: time 9223372036854775807 ms is outside of what nanoseconds can count");
}

TEST(RemoteRead, SaysWhatIsAskedFor) {
  std::string matcher;
  append_integer(matcher, 1, 3);
  append_bytes(matcher, 2, "job");
  append_bytes(matcher, 3, "a|b");
  std::string query;
  append_integer(query, 1, static_cast<uint64_t>(int64_t{-5}));
  append_integer(query, 2, 9);
  append_bytes(query, 3, matcher);
  append_bytes(query, 4, "hints are not read");
  std::string request;
  append_bytes(request, 1, query);
  const auto queries = parse_remote_read(request);
  ASSERT_TRUE(queries);
  ASSERT_EQ(queries->size(), 1u);
  EXPECT_EQ((*queries)[0].start_ms, -5);
  EXPECT_EQ((*queries)[0].end_ms, 9);
  ASSERT_EQ((*queries)[0].matchers.size(), 1u);
  EXPECT_EQ((*queries)[0].matchers[0].kind, LabelMatcher::Kind::kNotMatch);
  EXPECT_EQ((*queries)[0].matchers[0].name, "job");
  EXPECT_EQ((*queries)[0].matchers[0].value, "a|b");
  EXPECT_FALSE(parse_remote_read("\x0a\x7f"));
}

TEST(RemoteRead, AnswersWithSortedLabelsAndNoEmptySeries) {
  RemoteReadAnswer answer;
  answer.begin_result();
  answer.begin_series({{"z", "1"}, {"a", "2"}});
  answer.sample(5, 1.5);
  answer.begin_series({{"none", "x"}});
  answer.begin_result();
  std::string wanted_series;
  append_bytes(wanted_series, 1, label("a", "2"));
  append_bytes(wanted_series, 1, label("z", "1"));
  append_bytes(wanted_series, 2, sample(1.5, 5));
  std::string wanted_result;
  append_bytes(wanted_result, 1, wanted_series);
  std::string wanted;
  append_bytes(wanted, 1, wanted_result);
  append_bytes(wanted, 1, "");
  EXPECT_EQ(answer.take(), wanted);
}

TEST(Snappy, GivesBackItsInputWithinTheLimit) {
  const std::string plain(10'000, 'x');
  const auto compressed = to_snappy(plain);
  EXPECT_LT(compressed.size(), 1000u);
  EXPECT_EQ(unsnappy(compressed, plain.size()), plain);
  EXPECT_EQ(unsnappy(compressed, 9'999).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(unsnappy("no snappy", 1000).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(unsnappy("", 100).error().code, ErrorCode::kInvalidInput);
  // Says that it is large, and is not.
  EXPECT_EQ(unsnappy("\xff\xff\xff\x7f\x01", 1u << 30).error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace varve
