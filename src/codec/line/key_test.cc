// SPDX-License-Identifier: Apache-2.0
#include "codec/line/key.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace varve::line_protocol {
namespace {

TEST(KeyEnd, EveryPathFindsTheSameEnd) {
  const auto paths = key_end_paths();
  std::mt19937_64 random(9);
  for (int round = 0; round < 100'000; ++round) {
    std::string line(random() % 300, 'x');
    for (auto& byte : line) {
      const auto choice = random() % 256;
      byte = choice < 2 ? ' ' : choice < 6 ? '\\' : choice < 7 ? '\n' : static_cast<char>(choice);
    }
    line += std::string(64, '\n');
    const auto expected = paths.portable(line.data());
    for (const auto path : {paths.sse2, paths.avx2, paths.avx512, FindKeyEnd(find_key_end)}) {
      if (path == nullptr) continue;
      const auto found = path(line.data());
      ASSERT_EQ(found.end, expected.end);
      ASSERT_EQ(found.plain, expected.plain);
    }
  }
}

TEST(KeyEnd, AnEscapedSpaceDoesNotEndAKey) {
  const std::string line = R"(cpu,host=a\ b v=1)" + std::string(64, '\n');
  const auto end = find_key_end(line.data());
  EXPECT_EQ(end.end - line.data(), 13);
  EXPECT_TRUE(end.plain);
  const std::string doubled = R"(cpu,host=a\\ b v=1)" + std::string(64, '\n');
  EXPECT_FALSE(find_key_end(doubled.data()).plain);
  const std::string unfinished = "cpu,host=a" + std::string(64, '\n');
  EXPECT_FALSE(find_key_end(unfinished.data()).plain);
}

TEST(LineKey, TagsComeSortedAndUnescaped) {
  TextArena arena;
  const auto key = parse_key(R"(c\ pu,z=1,a\=b=x\,y,m=\q)", arena);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->table, "c pu");
  const decltype(key->tags) tags{{"a=b", "x,y"}, {"m", R"(\q)"}, {"z", "1"}};
  EXPECT_EQ(key->tags, tags);
}

TEST(LineKey, RefusesMalformedKeys) {
  const auto refuses = [](const std::string& key, std::string_view reason) {
    TextArena arena;
    const auto parsed = parse_key(key, arena);
    ASSERT_FALSE(parsed.has_value()) << key;
    EXPECT_EQ(parsed.error().message, reason) << key;
  };
  refuses("", "missing measurement");
  refuses(",a=b", "missing measurement");
  refuses("m,", "missing tag key");
  refuses("m,a", "missing tag value");
  refuses("m,a=", "missing tag value");
  refuses("m,a=b,", "missing tag key");
  refuses("m,a=b=c", "invalid tag format");
  refuses("m,b=1,a=2,b=3", "duplicate tags");
  refuses("m," + std::string(65'534, 'a') + "=b", "max key length exceeded: 65538 > 65535");
}

}  // namespace
}  // namespace varve::line_protocol
