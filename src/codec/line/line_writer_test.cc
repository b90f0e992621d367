// SPDX-License-Identifier: Apache-2.0
#include "codec/line/line_writer.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "codec/line_protocol.h"

namespace varve::line_protocol {
namespace {

ColumnVector column_of(const Value& value, ValueType type) {
  ColumnVector column(type);
  column.append_value(value);
  return column;
}

std::string text_of(const ColumnVector& column) {
  std::string text;
  EXPECT_TRUE(append_value(text, column.view(), 0));
  return text;
}

PointField read_value(const std::string& text, std::string& kept) {
  const auto source = make_line_protocol_source("m v=" + text + " 1", {});
  PointChunk chunk;
  EXPECT_TRUE(source->next(chunk)) << text << ": " << source->errors();
  if (chunk.points.size() != 1) return {};
  PointField field = chunk.fields[0];
  kept = std::string(field.text);
  field.text = {};
  return field;
}

TEST(LineWriter, KeepsEveryBitOfANumber) {
  std::string kept;
  const auto keeps = [&](double value) {
    const auto field = read_value(text_of(column_of(value, ValueType::kFloat64)), kept);
    EXPECT_EQ(field.type, ValueType::kFloat64);
    EXPECT_EQ(std::bit_cast<uint64_t>(field.f64), std::bit_cast<uint64_t>(value)) << value;
  };
  for (const double value : {0.0, -0.0, 1.0, 0.1, 1e22, 1e300, -1e-300, 5e-324, 123456789.0,
                             std::numeric_limits<double>::max(),
                             std::numeric_limits<double>::min()}) {
    keeps(value);
  }
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (std::isfinite(value)) keeps(value);
  }
  for (const int64_t value : {INT64_MIN, int64_t{-1}, int64_t{0}, INT64_MAX}) {
    EXPECT_EQ(read_value(text_of(column_of(value, ValueType::kInt64)), kept).i64, value);
  }
  for (const uint64_t value : {uint64_t{0}, UINT64_MAX}) {
    EXPECT_EQ(read_value(text_of(column_of(value, ValueType::kUint64)), kept).u64, value);
  }
  EXPECT_EQ(text_of(column_of(true, ValueType::kBool)), "true");
  EXPECT_EQ(text_of(column_of(false, ValueType::kBool)), "false");
}

TEST(LineWriter, KeepsEveryByteOfAText) {
  std::vector<std::string> texts = {"", "two\nlines", "a \"quote\"", "back\\slash\\", "ünï\xff\x01",
                                    "a,b=c d", std::string("nul\0", 4), "\\\"", "#"};
  std::mt19937_64 random(8);
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    for (size_t k = random() % 6; k > 0; --k) text += "\\\"\n ,=a\t"[random() % 8];
    texts.push_back(text);
  }
  for (const auto& text : texts) {
    std::string kept;
    read_value(text_of(column_of(text, ValueType::kString)), kept);
    EXPECT_EQ(kept, text);
  }
}

TEST(LineWriter, SaysWhatNoLineCanSay) {
  std::string text;
  const auto refuses = [&](const ColumnVector& column) {
    EXPECT_FALSE(append_value(text, column.view(), 0));
    EXPECT_EQ(text, "");
  };
  refuses(column_of(std::nan(""), ValueType::kFloat64));
  refuses(column_of(HUGE_VAL, ValueType::kFloat64));
  refuses(column_of(std::monostate(), ValueType::kInt64));
  const auto no_key = [&](std::string_view table, std::vector<NamedTag> tags) {
    EXPECT_FALSE(append_key(text, table, tags)) << text;
    EXPECT_EQ(text, "");
  };
  no_key("#m", {});
  no_key("m\nn", {});
  no_key("m\\", {{"t", "x"}});
  no_key("m", {{"t", "x\\"}});
  no_key("m", {{"t", "x\ny"}});
  EXPECT_FALSE(append_field_name(text, "f\\"));
  EXPECT_EQ(text, "");
}

TEST(LineWriter, WritesOnlyKeysThatReadTheSame) {
  const auto writes = [](std::string_view table, std::vector<NamedTag> tags,
                         std::string_view wanted) {
    std::string text;
    EXPECT_TRUE(append_key(text, table, tags));
    EXPECT_EQ(text, wanted);
  };
  writes("cpu", {{"host", "a"}, {"region", "eu"}}, "cpu,host=a,region=eu");
  writes("a, b=c", {{"k=1, 2", "v=1, 2"}}, "a\\,\\ b=c,k\\=1\\,\\ 2=v\\=1\\,\\ 2");
  writes("say \"hi\"", {}, "say\\ \"hi\"");
  writes("back\\slash", {{"t", "b\\s"}}, "back\\slash,t=b\\s");
  std::mt19937_64 random(9);
  const auto name = [&] {
    std::string text;
    for (size_t k = 1 + random() % 4; k > 0; --k) text += "\\\"\n ,=a\t#b"[random() % 10];
    return text;
  };
  int written = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string table = name();
    const std::string tag = name();
    const std::string value = name();
    std::string line;
    const std::vector<NamedTag> tags = {{tag, value}};
    if (!append_key(line, table, tags)) continue;
    ++written;
    const auto source = make_line_protocol_source("a v=1 1\n" + line + " v=1 1\nb v=1 1", {});
    PointChunk chunk;
    ASSERT_TRUE(source->next(chunk));
    ASSERT_EQ(chunk.points.size(), 3u) << line;
    const auto key = source->parse_key(chunk.points[1].raw_key);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->table, table);
    ASSERT_EQ(key->tags.size(), 1u);
    EXPECT_EQ(key->tags[0], NamedTag(tag, value));
  }
  EXPECT_GT(written, 1'000);
}

}  // namespace
}  // namespace varve::line_protocol
