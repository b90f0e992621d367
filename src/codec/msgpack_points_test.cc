// SPDX-License-Identifier: Apache-2.0
#include "codec/msgpack_points.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <map>

#include "codec/msgpack_reader.h"
#include "codec/text/msgpack_bytes.h"

namespace varve {
namespace {

using namespace msgpack;

/// MessagePack put together by hand: m({"a", s("b")}) is {"a": "b"}.
std::string s(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}
std::string i(int64_t number) {
  std::string out;
  append_i64(out, number);
  return out;
}
std::string u(uint64_t number) {
  std::string out;
  append_u64(out, number);
  return out;
}
std::string f(double number) {
  std::string out;
  append_f64(out, number);
  return out;
}
std::string b(bool flag) {
  std::string out;
  append_bool(out, flag);
  return out;
}
const std::string kNil("\xc0", 1);
std::string a(const std::vector<std::string>& values) {
  std::string out;
  append_array(out, static_cast<uint32_t>(values.size()));
  for (const auto& value : values) out += value;
  return out;
}
std::string m(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  append_map(out, static_cast<uint32_t>(pairs.size()));
  for (const auto& [key, value] : pairs) out += s(key) + value;
  return out;
}

std::string text_of(const PointField& field) {
  const std::string name(field.name);
  switch (field.type) {
    case ValueType::kFloat64: {
      auto number = std::to_string(field.f64);
      number.erase(number.find_last_not_of('0') + 1);
      return name + "=" + number;
    }
    case ValueType::kInt64: return name + "=" + std::to_string(field.i64) + "i";
    case ValueType::kUint64: return name + "=" + std::to_string(field.u64) + "u";
    case ValueType::kBool: return name + (field.boolean ? "=true" : "=false");
    default: return name + "=\"" + std::string(field.text) + "\"";
  }
}

/// The points as lines, one after another; or what is wrong.
std::string lines(std::string body, MsgpackPointsOptions options = {}) {
  auto source = make_msgpack_source(std::move(body), options);
  if (!source) return source.error().message;
  std::string out;
  PointChunk chunk;
  while ((*source)->next(chunk)) {
    for (const Point& point : chunk.points) {
      const auto key = *(*source)->parse_key(point.raw_key);
      if (!out.empty()) out += "; ";
      out += key.table;
      for (const auto& [name, text] : key.tags) {
        out.append(",").append(name).append("=").append(text);
      }
      char before = ' ';
      for (uint32_t at = point.fields_begin; at < point.fields_end; ++at) {
        out += before + text_of(chunk.fields[at]);
        before = ',';
      }
      out += " " + std::to_string(point.time_ns);
    }
  }
  return out;
}

std::string row(const std::string& fields, const std::string& time = i(7)) {
  return m({{"measurement", s("cpu")}, {"fields", fields}, {"timestamp", time}});
}

TEST(MsgpackPoints, AreRowsWithPlainOrTaggedValues) {
  EXPECT_EQ(lines(a({m({{"measurement", s("cpu")},
                        {"tags", m({{"z", s("1")}, {"host", s("a b")}, {"empty", s("")}})},
                        {"fields", m({{"f", f(1.5)}, {"i", i(-3)}, {"s", s("x")}, {"b", b(true)},
                                      {"none", kNil}, {"u", u(UINT64_MAX)}})},
                        {"timestamp", i(5)}}),
                     m({{"measurement", s("mem")},
                        {"fields", m({{"f", m({{"Float", i(2)}})},
                                      {"i", m({{"Integer", i(4)}})},
                                      {"u", m({{"UInteger", i(5)}})},
                                      {"s", m({{"String", s("y")}})},
                                      {"b", m({{"Boolean", b(false)}})}})}})}),
                  {.now_ns = 99}),
            "cpu,host=a b,z=1 f=1.5,i=-3i,s=\"x\",b=true,u=18446744073709551615u 5; "
            "mem f=2.,i=4i,u=5u,s=\"y\",b=false 99");
}

TEST(MsgpackPoints, MayBeOneMapOrNone) {
  EXPECT_EQ(lines(row(m({{"v", f(1)}}))), "cpu v=1. 7");
  EXPECT_EQ(lines(a({})), "");
  EXPECT_EQ(lines(row(m({{"v", kNil}}))), "");
}

TEST(MsgpackPoints, AreFloatsInAColumnOfOneField) {
  const auto body = m({{"measurement", s("cpu")}, {"tags", m({{"host", s("a")}})},
                       {"field", s("v")}, {"values", a({f(1.5), i(2), kNil, f(4)})},
                       {"timestamps", a({i(1), i(2), i(3), i(4)})}});
  EXPECT_EQ(lines(body, {.precision = TimePrecision::kSecond}),
            "cpu,host=a v=1.5 1000000000; cpu,host=a v=2. 2000000000; cpu,host=a v=4. 4000000000");
}

TEST(MsgpackPoints, AreColumnsOfSeveralTypesWithTagsForEachRow) {
  EXPECT_EQ(lines(m({{"measurement", s("cpu")},
                     {"tags", m({{"dc", s("x")}, {"host", a({s("a"), kNil, s("c")})}})},
                     {"fields", m({{"i", a({i(1), i(2), i(3)})},
                                   {"mixed", a({i(1), f(2.5), kNil})},
                                   {"typed", m({{"UInteger", a({i(1), i(2), i(3)})}})},
                                   {"same", s("k")}})},
                     {"timestamps", a({i(1), i(2), kNil})}}),
                  {.now_ns = 9}),
            "cpu,dc=x,host=a i=1i,mixed=1.,typed=1u,same=\"k\" 1; "
            "cpu,dc=x i=2i,mixed=2.5,typed=2u,same=\"k\" 2; "
            "cpu,dc=x,host=c i=3i,typed=3u,same=\"k\" 9");
}

TEST(MsgpackPoints, TakeTimestampsOfMessagePack) {
  EXPECT_EQ(lines(row(m({{"v", i(1)}}), std::string("\xd6\xff\x00\x00\x00\x02", 6))),
            "cpu v=1i 2000000000");
  EXPECT_EQ(lines(row(m({{"v", i(1)}}),
                      std::string("\xc7\x0c\xff\x00\x00\x00\x05\xff\xff\xff\xff\xff\xff\xff\xff",
                                  15))),
            "cpu v=1i -999999995");
}

TEST(MsgpackPoints, CountOverChunks) {
  std::vector<std::string> values(1000, f(1));
  const auto body =
      m({{"measurement", s("cpu")}, {"field", s("v")}, {"values", a(values)}});
  const auto source = make_msgpack_source(body, {});
  ASSERT_TRUE(source);
  for (int round = 0; round < 2; ++round) {
    PointChunk chunk;
    size_t count = 0;
    while ((*source)->next(chunk)) count += chunk.points.size();
    EXPECT_EQ(count, 1000u);
    (*source)->rewind();
  }
}

TEST(MsgpackPoints, AreRefusedAsAWholeWithThePlaceOfTheMistake) {
  const auto v = m({{"v", f(1)}});
  const std::map<std::string, std::string> refused = {
      {a({row(v), row(m({{"v", a({})}}), a({}))}), ""},
      {i(3), "record 1, row 0: a record at byte 0 is an integer, not a map"},
      {a({row(v), m({{"fields", v}})}), "record 2, row 0: 'measurement' is missing or empty"},
      {m({{"measurement", s("m")}}), "record 1, row 0: 'fields' is missing"},
      {m({{"measurement", s("m")}, {"fields", m({})}}), "record 1, row 0: 'fields' is empty"},
      {m({{"measurement", s("m")}, {"field", s("")}, {"values", a({f(1)})}}),
       "record 1, row 0: 'field' is missing or empty"},
      {m({{"measurement", s("m")}, {"field", s("v")}, {"values", a({f(1), f(2)})},
          {"timestamps", a({i(1)})}}),
       "record 1, row 0: column 'timestamps' has 1 values where columns before it have 2"},
      {m({{"measurement", s("m")}, {"field", s("v")}, {"values", a({f(1), s("x")})}}),
       "record 1, row 2: field 'v' is a string, not a number"},
      {row(m({{"v", f(std::numeric_limits<double>::infinity())}})),
       "record 1, row 1: field 'v' is not a finite number"},
      {row(v, s("now")), "record 1, row 1: a time is a string, not an integer"},
      {row(v, i(INT64_MAX)),
       "record 1, row 1: time outside range -9223372036854775806 - 9223372036854775806"},
      {m({{"measurement", s("m")}, {"fields", v}, {"timestmp", i(1)}}),
       "record 1, row 0: unknown key 'timestmp'; known are measurement, tags, fields, timestamp, "
       "field, values, timestamps"},
      {m({{"measurement", s("m")}, {"tags", m({{"t", i(1)}})}, {"fields", v}}),
       "record 1, row 1: tag 't' is an integer, not a string"},
      {m({{"measurement", s("m")}, {"tags", m({{"t", s("1")}, {"t", s("2")}})}, {"fields", v}}),
       "record 1, row 0: tag 't' occurs twice"},
      {row(m({{"v", m({{"Double", f(1)}})}})),
       "record 1, row 0: field 'v' is a map, but not {\"Float\" | \"Integer\" | \"UInteger\" | "
       "\"String\" | \"Boolean\": value}"},
      {row(m({{"v", m({{"UInteger", i(-1)}})}})),
       "record 1, row 1: field 'v' is negative, but unsigned"},
      {row(v) + i(1), "record 1, row 1: something follows at byte 47"},
      {row(v).substr(0, 20), "record 1, row 0: the data ends at byte 20 within a value"},
      {std::string("\xc1"), "record 0, row 0: byte 0 begins no MessagePack value"},
  };
  for (const auto& [body, why] : refused) {
    EXPECT_EQ(lines(body), why.empty() ? "cpu v=1. 7" : "invalid MessagePack: " + why);
  }
}

TEST(MsgpackPoints, BoundWhatAFewBytesMayStandForInEveryRow) {
  const auto code = [](const std::vector<std::string>& records, uint64_t repeated_bytes_max) {
    const auto source =
        make_msgpack_source(a(records), {.repeated_bytes_max = repeated_bytes_max});
    return source ? ErrorCode{} : source.error().code;
  };
  const auto record = [](const std::string& tags, const std::string& field) {
    return m({{"measurement", s("cpu")}, {"tags", tags}, {"fields", m({{"v", field}})},
              {"timestamps", a(std::vector<std::string>(1'000, i(1)))}});
  };
  const auto texts = a(std::vector<std::string>(1'000, s("x")));
  const auto long_text = s(std::string(100, 'x'));
  const std::string same = record(m({{"h", s("a")}}), texts);
  const std::string field = record(m({}), long_text);
  const std::string tag = record(m({{"h", long_text}, {"r", texts}}), texts);
  EXPECT_EQ(code({same}, 100'000), ErrorCode{});
  EXPECT_EQ(code({field}, 100'000), ErrorCode::kTooLarge);
  EXPECT_EQ(code({field}, 200'000), ErrorCode{});
  EXPECT_EQ(code({field, field}, 200'000), ErrorCode::kTooLarge);
  EXPECT_EQ(code({tag}, 100'000), ErrorCode::kTooLarge);
  EXPECT_EQ(code({tag}, 200'000), ErrorCode{});
}

TEST(MsgpackReader, SkipsWhateverTheDepth) {
  std::string deep(1'000'000, '\x91');
  deep += '\xc0';
  Reader whole(deep);
  EXPECT_TRUE(whole.skip());
  EXPECT_TRUE(whole.at_end());
}

}  // namespace
}  // namespace varve
