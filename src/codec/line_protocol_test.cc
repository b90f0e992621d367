// SPDX-License-Identifier: Apache-2.0
#include "codec/line_protocol.h"

#include <gtest/gtest.h>

#include <random>

#include "codec/line/reference.h"

namespace varve {
namespace {

using line_protocol::parse_by_grammar;
using line_protocol::parse_by_source;

constexpr LineProtocolOptions kNow{.now_ns = 1'577'836'812'345'678'901};

TEST(LineProtocol, ReadsKeyFieldsAndTime) {
  const auto reads = [](std::string_view body, std::string_view points) {
    const auto parsed = parse_by_source(body, kNow);
    EXPECT_EQ(parsed.points, std::string(points) + "\n") << body;
    EXPECT_EQ(parsed.errors, "") << body;
    EXPECT_EQ(parsed, parse_by_grammar(body, kNow)) << body;
  };
  reads("cpu value=1 5", "[cpu] [value]=1 @5");
  reads("cpu value=1 5\n", "[cpu] [value]=1 @5");
  reads("\tcpu value=1 5", "[cpu] [value]=1 @5");
  reads("cpu   value=1   5", "[cpu] [value]=1 @5");
  reads("cpu \t value=1 \t5", "[cpu] [value]=1 @5");
  reads("cpu value=1 5   ", "[cpu] [value]=1 @5");
  reads("cpu value=1", "[cpu] [value]=1 @1577836812345678901");
  reads("cpu value=1 ", "[cpu] [value]=1 @1577836812345678901");
  reads("cpu value=1 -1000000000", "[cpu] [value]=1 @-1000000000");
  reads("cpu value=1 -9223372036854775806", "[cpu] [value]=1 @-9223372036854775806");
  reads("cpu value=1 9223372036854775806", "[cpu] [value]=1 @9223372036854775806");
  reads("cpu value=1 0000000000000000000000005", "[cpu] [value]=1 @5");
  reads("cpu,b=2,a=1 x=1,y=2 5", "[cpu] [a]:[1] [b]:[2] [x]=1 [y]=2 @5");
  reads("cpu x=1,x=2 5", "[cpu] [x]=1 [x]=2 @5");
  reads("m v=1 1\nm v=2 2\n\n  \nm v=3 3", "[m] [v]=1 @1\n[m] [v]=2 @2\n[m] [v]=3 @3");
}

TEST(LineProtocol, UnescapesWhereABackslashMeansSomething) {
  const auto reads = [](std::string_view line, std::string_view points) {
    const auto body = std::string(line) + " 5";
    EXPECT_EQ(parse_by_source(body, kNow).points, std::string(points) + " @5\n") << body;
    EXPECT_EQ(parse_by_source(body, kNow), parse_by_grammar(body, kNow)) << body;
  };
  reads(R"(cpu,host=a\ b v=1)", "[cpu] [host]:[a b] [v]=1");
  reads(R"(cpu,host=a\,b v=1)", "[cpu] [host]:[a,b] [v]=1");
  reads(R"(cpu,host=a\=b v=1)", "[cpu] [host]:[a=b] [v]=1");
  reads(R"(cpu,k\,e\ y\=1=v v=1)", "[cpu] [k,e y=1]:[v] [v]=1");
  reads(R"(c\,p\ u v=1)", "[c,p u] [v]=1");
  reads(R"(c\\pu v=1)", R"([c\\pu] [v]=1)");
  reads(R"(back\slash,k=v\w v=1)", R"([back\slash] [k]:[v\w] [v]=1)");
  reads(R"("c\ pu" v=1)", R"(["c pu"] [v]=1)");
  reads(R"(cpu a\ b\,c\=d=1)", "[cpu] [a b,c=d]=1");
  reads(R"(cpu a\b=1)", R"([cpu] [a\b]=1)");
  reads(R"(cpu "a"=1)", R"([cpu] ["a"]=1)");
  reads("cpu,host=a\\\nb v=1", "[cpu] [host]:[a\\\nb] [v]=1");
}

TEST(LineProtocol, ReadsEveryKindOfValue) {
  const auto reads = [](std::string_view value, std::string_view text) {
    for (const char* tail : {" 5", ",w=1 5"}) {
      const auto body = "m v=" + std::string(value) + tail;
      const auto parsed = parse_by_source(body, kNow);
      EXPECT_EQ(parsed.points.substr(0, 8 + text.size()), "[m] [v]=" + std::string(text)) << body;
      EXPECT_EQ(parsed, parse_by_grammar(body, kNow)) << body;
    }
  };
  reads("1.5", "1.5 ");
  reads("-2.25", "-2.25 ");
  reads(".5", "0.5 ");
  reads("-.5", "-0.5 ");
  reads("7.", "7 ");
  reads("-0", "-0 ");
  reads("1.5E-3", "0.0015");
  reads("2e+5", "200000 ");
  reads("5e-324", "4.94065645841246");
  reads("1e-400", "0 ");
  reads("-1e-400", "-0 ");
  reads("1e20", "1e+20 ");
  reads("123456789012345678", "1.2345678901234568e+17 ");
  reads("12345678901234567890123456789", "1.2345678901234568e+28 ");
  reads("-42i", "-42i ");
  reads("-0i", "0i ");
  reads("0042i", "42i ");
  reads("9223372036854775807i", "9223372036854775807i ");
  reads("-9223372036854775808i", "-9223372036854775808i ");
  reads("9007199254740993i", "9007199254740993i ");
  reads("5u", "5u ");
  reads("18446744073709551615u", "18446744073709551615u ");
  for (const char* yes : {"t", "T", "true", "True", "TRUE"}) reads(yes, "true ");
  for (const char* no : {"f", "F", "false", "False", "FALSE"}) reads(no, "false ");
  reads(R"("hello")", R"("hello" )");
  reads(R"("")", R"("" )");
  reads(R"("a b, c=d")", R"("a b, c=d" )");
  reads(R"("say \"hi\"")", R"("say "hi"" )");
  reads(R"("C:\dir\file")", R"("C:\dir\file" )");
  reads(R"("a\\b")", R"("a\b" )");
  reads(R"("a\\")", R"("a\" )");
  reads("\"two\nlines\"", "\"two\nlines\" ");
  reads(R"("#no comment")", R"("#no comment" )");
  // What follows the closing quote belongs to the text, but for the last byte.
  reads(R"("abc"def)", R"("abc"de" )");
}

TEST(LineProtocol, NamesEachMistakeAsInfluxDbDoes) {
  const auto refuses = [](std::string_view line, std::string_view reason) {
    const auto parsed = parse_by_source(line, kNow);
    EXPECT_EQ(parsed.points, "") << line;
    EXPECT_EQ(parsed.errors, "unable to parse '" + std::string(line) + "': " + std::string(reason));
    EXPECT_EQ(parsed, parse_by_grammar(line, kNow)) << line;
  };
  refuses("cpu", "missing fields");
  refuses("cpu,host=a", "missing fields");
  refuses(",", "missing measurement");
  refuses(",host=a v=1 5", "missing measurement");
  refuses("cpu,=a v=1", "missing tag key");
  refuses("cpu, v=1", "missing tag key");
  refuses("cpu,a=1, v=1", "missing tag key");
  refuses("cpu,host v=1", "missing tag value");
  refuses("cpu,host= v=1", "missing tag value");
  refuses("cpu,host=,region=x v=1", "missing tag value");
  refuses("bad,two", "missing tag value");
  refuses("cpu,a=b=c v=1", "invalid tag format");
  refuses("cpu,a=1,a=2 v=1", "duplicate tags");
  refuses("cpu,b=1,a=2,b=3 v=1", "duplicate tags");
  refuses("cpu 1577836800000000000", "invalid field format");
  refuses("this is bad", "invalid field format");
  refuses("cpu ", "invalid field format");
  refuses("cpu a=1, 5", "invalid field format");
  refuses("cpu ,a=1 5", "invalid field format");
  refuses("cpu a,b=1 5", "invalid field format");
  refuses("cpu v= 5", "missing field value");
  refuses("cpu v=", "missing field value");
  refuses("cpu a=1,b= 5", "missing field value");
  refuses("cpu a=,b=1 5", "missing field value");
  refuses("cpu =1 5", "missing field key");
  refuses("cpu a=1,=2 5", "missing field key");
  refuses(R"(cpu a\\=1 5)", R"(invalid value: field-key=a\\=1)");
  refuses("m v=\"abc 5", "unbalanced quotes");
  refuses("m v=1 5\t", "bad timestamp");
  refuses("m v=1 5\r", "bad timestamp");
  refuses("m v=1 1.5", "bad timestamp");
  refuses("m v=1 1e9", "bad timestamp");
  refuses("m v=1 +5", "bad timestamp");
  refuses("m v=1 5i", "bad timestamp");
  refuses("m v=1 5 # note", "point is invalid");
  refuses("m v=1 5 6", "point is invalid");
  refuses("m v=1 -", "strconv.ParseInt: parsing \"-\": invalid syntax");
  refuses("m v=1 9223372036854775808",
          "strconv.ParseInt: parsing \"9223372036854775808\": value out of range");
  refuses("m v=1 9223372036854775807",
          "time outside range -9223372036854775806 - 9223372036854775806");
  refuses("m v=1 -9223372036854775807",
          "time outside range -9223372036854775806 - 9223372036854775806");
}

TEST(LineProtocol, NamesEachWrongValueAsInfluxDbDoes) {
  const auto refuses = [](std::string_view value, std::string_view reason) {
    const auto line = "m a=1,v=" + std::string(value) + " 5";
    const auto parsed = parse_by_source(line, kNow);
    EXPECT_EQ(parsed.errors, "unable to parse '" + line + "': " + std::string(reason));
    EXPECT_EQ(parsed, parse_by_grammar(line, kNow)) << line;
  };
  for (const char* value :
       {"NaN",  "nan",  "-Inf", "-",   ".",     "-.",  "0x10",  "1_000", "12abc", "-i",
        "1.5i", "1e5i", "1i2",  "1ii", "1.1.1", "1+1", "1e--5", "-1u",   "1u2",   "1\r"}) {
    refuses(value, "invalid number");
  }
  for (const char* value :
       {"+4", "+Inf", "Infinity", "tRUE", "yes", "tr", "fals", "truee", "u", "i", "1x"}) {
    refuses(value, value[0] == '1' ? "invalid number" : "invalid boolean");
  }
  for (const char* value : {"1e", "1e5e5", "1e+", "1e400", "-1e400", "-e5", "1e5.5"}) {
    refuses(value, "invalid float");
  }
  refuses("9223372036854775808i",
          "unable to parse integer 9223372036854775808: strconv.ParseInt: parsing "
          "\"9223372036854775808\": value out of range");
  refuses("-9223372036854775809i",
          "unable to parse integer -9223372036854775809: strconv.ParseInt: parsing "
          "\"-9223372036854775809\": value out of range");
  refuses("18446744073709551616u",
          "unable to parse unsigned 18446744073709551616: strconv.ParseUint: parsing "
          "\"18446744073709551616\": value out of range");
}

TEST(LineProtocol, SkipsBlankLinesAndComments) {
  const auto reads_nothing = [](std::string_view body) {
    const auto parsed = parse_by_source(body, kNow);
    EXPECT_EQ(parsed.points + parsed.errors, "") << body;
  };
  reads_nothing("");
  reads_nothing("\n");
  reads_nothing(" \t \n\n");
  reads_nothing("# nothing here");
  reads_nothing("  # a comment\n#another");
  EXPECT_EQ(parse_by_source("# it's a \"comment\ncpu value=1 5", kNow).points,
            "[cpu] [value]=1 @5\n");
  // A quote that looks like the start of a string hides the newline, as in InfluxDB.
  EXPECT_EQ(parse_by_source("# v=\"\ncpu value=1 5\n\"\ncpu value=2 5", kNow).points,
            "[cpu] [value]=2 @5\n");
}

TEST(LineProtocol, KeepsTheGoodLinesAndListsTheBadInOrder) {
  const auto parsed =
      parse_by_source("bad\ncpu,a= v=1 1\ncpu v=1 1\nbad,two\ncpu v=2 2\r\ncpu v=3 3\n", kNow);
  EXPECT_EQ(parsed.points, "[cpu] [v]=1 @1\n[cpu] [v]=3 @3\n");
  EXPECT_EQ(parsed.errors,
            "unable to parse 'bad': missing fields\n"
            "unable to parse 'cpu,a= v=1 1': missing tag value\n"
            "unable to parse 'bad,two': missing tag value\n"
            "unable to parse 'cpu v=2 2\r': bad timestamp");
}

TEST(LineProtocol, ScalesTimesAndCutsNowToThePrecision) {
  const auto reads = [](TimePrecision precision, std::string_view stamp, int64_t time_ns) {
    const auto parsed =
        parse_by_source("m v=1 " + std::string(stamp),
                        {.precision = precision, .now_ns = 1'577'836'812'345'678'901});
    EXPECT_EQ(parsed.points, "[m] [v]=1 @" + std::to_string(time_ns) + "\n") << parsed.errors;
  };
  reads(TimePrecision::kNanosecond, "", 1'577'836'812'345'678'901);
  reads(TimePrecision::kMicrosecond, "", 1'577'836'812'345'678'000);
  reads(TimePrecision::kMillisecond, "", 1'577'836'812'345'000'000);
  reads(TimePrecision::kSecond, "", 1'577'836'812'000'000'000);
  reads(TimePrecision::kMinute, "", 1'577'836'800'000'000'000);
  reads(TimePrecision::kHour, "", 1'577'836'800'000'000'000);
  reads(TimePrecision::kMicrosecond, "1577836800000003", 1'577'836'800'000'003'000);
  reads(TimePrecision::kMillisecond, "-1500", -1'500'000'000);
  reads(TimePrecision::kSecond, "1577836806", 1'577'836'806'000'000'000);
  reads(TimePrecision::kMinute, "26297287", 1'577'837'220'000'000'000);
  reads(TimePrecision::kHour, "2562047", 2'562'047ll * 3'600'000'000'000);
  EXPECT_EQ(parse_by_source("cpu value=1 2562048", {.precision = TimePrecision::kHour}).errors,
            "unable to parse 'cpu value=1 2562048': time outside range -9223372036854775806 - "
            "9223372036854775806");
}

TEST(LineProtocol, KnowsThePrecisionsOfTheWriteEndpoint) {
  EXPECT_EQ(parse_precision(""), TimePrecision::kNanosecond);
  EXPECT_EQ(parse_precision("ns"), TimePrecision::kNanosecond);
  EXPECT_EQ(parse_precision("h"), TimePrecision::kHour);
  EXPECT_EQ(parse_precision("us").error().message,
            "invalid precision \"us\" (use n, u, ms, s, m or h)");
}

TEST(LineProtocol, RefusesKeysThatAreTooLong) {
  const auto error_of = [](size_t key_bytes, size_t name_bytes) {
    const std::string key = "m,t=" + std::string(key_bytes - 4, 'x');
    const auto errors =
        parse_by_source(key + " " + std::string(name_bytes, 'f') + "=1 5", kNow).errors;
    const auto reason = errors.rfind("': ");
    return reason == std::string::npos ? errors : errors.substr(reason + 3);
  };
  EXPECT_EQ(error_of(65'530, 1), "");
  EXPECT_EQ(error_of(65'530, 2), "max key length exceeded: 65536 > 65535");
  EXPECT_EQ(error_of(65'536, 1), "max key length exceeded: 65536 > 65535");
  EXPECT_EQ(error_of(100, 65'431), "");
  EXPECT_EQ(error_of(100, 65'432), "max key length exceeded: 65536 > 65535");
}

TEST(LineProtocol, BoundsWhatItSaysAboutBadLines) {
  std::string body;
  for (int i = 0; i < 100'000; ++i) body += "bad\n";
  const auto many = parse_by_source(body, kNow).errors;
  EXPECT_LE(many.size(), 65 * 1024u);
  EXPECT_TRUE(many.ends_with("more lines")) << many.substr(many.size() - 100);
  const auto one = parse_by_source(std::string(1'000'000, 'x'), kNow).errors;
  EXPECT_LE(one.size(), 33 * 1024u);
  EXPECT_TRUE(one.ends_with("xxx…': missing fields"));
}

TEST(LineProtocol, ReadsAMillionFieldsInALine) {
  std::string body = "m ";
  for (int i = 0; i < 1'000'000; ++i) body += "f=1i,";
  body.back() = ' ';
  body += "5";
  const auto source = make_line_protocol_source(body, kNow);
  PointChunk chunk;
  ASSERT_TRUE(source->next(chunk)) << source->errors();
  EXPECT_EQ(chunk.points[0].fields_end, 1'000'000u);
  const auto refused = parse_by_source("m a=1,b=2,c=3 5", {.line_fields_max = 2});
  EXPECT_EQ(refused.errors, "unable to parse 'm a=1,b=2,c=3 5': too many fields: more than 2");
}

TEST(LineProtocol, GivesChunksOfTheChosenSizeAndStartsOver) {
  std::string body;
  for (int i = 0; i < 10; ++i) body += "m v=" + std::to_string(i) + " " + std::to_string(i) + "\n";
  body += "bad";
  const auto source = make_line_protocol_source(body, {.chunk_points_max = 4});
  for (int round = 0; round < 2; ++round) {
    PointChunk chunk;
    std::vector<size_t> sizes;
    while (source->next(chunk)) sizes.push_back(chunk.points.size());
    EXPECT_EQ(sizes, (std::vector<size_t>{4, 4, 2}));
    EXPECT_EQ(source->errors(), "unable to parse 'bad': missing fields");
    source->rewind();
    EXPECT_EQ(source->errors(), "");
  }
}

TEST(LineProtocol, GivesAShapeToNoOtherNamesOfFieldsHoweverLongTheyAre) {
  for (size_t size = 1; size <= 80; ++size) {
    const std::string name(size, 'n');
    const std::string body = "m a=1\nm " + name + "=1\nm a=1\nm b=1," + name + "=1\nm b=1,a=1\n" +
                             "m b=1," + name + "=1\nm " + name + "=1\nm a=1\n";
    const auto parsed = parse_by_source(body, {});
    EXPECT_EQ(parsed.errors, "") << size;
    EXPECT_EQ(parsed.points, parse_by_grammar(body, {}).points) << size;
  }
}

TEST(LineProtocol, GivesShapesOfTheirOwnToRandomLines) {
  std::mt19937_64 random(5);
  const size_t sizes[] = {1, 2, 7, 8, 15, 16, 17, 30, 31, 32, 33, 64, 100};
  const std::string_view values[] = {"1",       "1.5",           "2i",   "3u", "t",
                                     "\"x\"", "\"a\\\"b\"", "-1e3", "x"};
  for (int round = 0; round < 6'000; ++round) {
    std::string body;
    const size_t lines = 2 + random() % 8;
    for (size_t line = 0; line < lines; ++line) {
      body += random() % 4 == 0 ? "m,t=a " : "m ";
      const size_t fields = random() % 200 == 0 ? 250 + random() % 12 : 1 + random() % 3;
      for (size_t i = 0; i < fields; ++i) {
        if (i > 0) body += ',';
        const auto letter = static_cast<char>('a' + random() % 2);
        body += std::string(sizes[random() % std::size(sizes)], letter);
        body += '=';
        body += values[random() % 5 == 0 ? random() % std::size(values) : 0];
      }
      body += random() % 10 == 0 ? " y\n" : " 5\n";
    }
    ASSERT_EQ(parse_by_source(body, kNow), parse_by_grammar(body, kNow)) << body;
  }
}

TEST(LineProtocol, SurvivesHostileBytes) {
  using namespace std::string_view_literals;
  const auto agrees = [](std::string_view body) {
    EXPECT_EQ(parse_by_source(body, kNow), parse_by_grammar(body, kNow));
  };
  agrees("m\0x,t=\0 v=1 5\n\0\0 m v=1"sv);
  agrees("\xff\xfe,\x80=\xc3 \xed\xa0\x80=\"\xf8\" 5");
  agrees(std::string(100'000, '\\'));
  agrees("m v=\"" + std::string(100'000, '\\'));
  agrees("m " + std::string(100'000, '='));
  agrees("m " + std::string(100'000, ' '));
  agrees("m,t=" + std::string(64 * 1024, 't') + " v=1 5");
  agrees("m v=" + std::string(100'000, '9') + " 5");
  agrees("m v=" + std::string(100'000, '9') + "i 5");
  std::string half =
      "cpu,host=a,region=b usage=1.5,text=\"a \\\" b\",n=3i,ok=true 1577836800000000000\n";
  while (!half.empty()) {
    agrees(half);
    half.pop_back();
  }
}

TEST(LineProtocol, AgreesWithTheGrammarOnMutatedLines) {
  std::mt19937_64 random(11);
  const std::string_view pieces[] = {
      "cpu", ",", "host", "=", "a", " ",  "\\",      "\"",        "\n",   "1",    "-",        ".",
      "e",   "i", "u",    "t", "#", "\t", "value=1", "s=\"x y\"", " 5\n", ",b=2", "m v=1 5\n"};
  for (int round = 0; round < 60'000; ++round) {
    std::string body;
    const size_t count = random() % 14;
    for (size_t i = 0; i < count; ++i) body += pieces[random() % std::size(pieces)];
    ASSERT_EQ(parse_by_source(body, kNow).points, parse_by_grammar(body, kNow).points) << body;
    ASSERT_EQ(parse_by_source(body, kNow).errors, parse_by_grammar(body, kNow).errors) << body;
  }
}

}  // namespace
}  // namespace varve
