// SPDX-License-Identifier: Apache-2.0
#include "codec/gzip.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <random>
#include <string>

#include "codec/deflate_fault.h"

namespace varve {
namespace {

using namespace std::string_view_literals;

std::string gzip(std::string_view text, int level = 6) {
  auto* compressor = libdeflate_alloc_compressor(level);
  std::string out(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  out.resize(
      libdeflate_gzip_compress(compressor, text.data(), text.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += "cpu,host=h" + std::to_string(i % 7) + " v=" + std::to_string(i * i) + "\n";
  return text;
}

std::string error_of(std::string_view body, size_t bytes_max = 1 << 20) {
  const auto result = gunzip(body, bytes_max);
  return result ? "no error" : result.error().message;
}

TEST(Gzip, GivesBackWhatWasCompressed) {
  std::mt19937_64 random(3);
  std::string noise(50'000, '\0');
  for (auto& byte : noise) byte = static_cast<char>(random());
  for (const auto& text :
       {std::string(), std::string("x"), lines(5'000), noise, std::string(900'000, 'a')}) {
    for (const int level : {0, 1, 6, 12}) {
      const auto body = gzip(text, level);
      EXPECT_EQ(gunzip(body, 1 << 20), text);
      EXPECT_FALSE(find_deflate_fault(std::string_view(body).substr(10)).truncated);
    }
  }
}

TEST(Gzip, ReadsSeveralMembersAndEveryHeaderField) {
  EXPECT_EQ(gunzip(gzip("one ") + gzip("") + gzip("two"), 100), "one two");
  auto body = gzip("text");
  body[3] = 4 + 8 + 16;
  body.insert(10,
              "\x03\x00"
              "xyz"
              "name\0"
              "comment\0"sv);
  EXPECT_EQ(gunzip(body, 100), "text");
  for (size_t size = 1; size < body.size(); ++size) {
    EXPECT_EQ(error_of(body.substr(0, size)), "unexpected EOF") << size;
  }
}

TEST(Gzip, ChecksTheSumOfTheHeader) {
  auto body = gzip("text");
  body[3] = 2;
  const auto crc = libdeflate_crc32(0, body.data(), 10);
  body.insert(10, {static_cast<char>(crc), static_cast<char>(crc >> 8)});
  EXPECT_EQ(gunzip(body, 100), "text");
  body[10] = static_cast<char>(body[10] + 1);
  EXPECT_EQ(error_of(body), "gzip: invalid header");
}

TEST(Gzip, TellsCutBodiesFromCorruptOnes) {
  EXPECT_EQ(error_of(""), "EOF");
  EXPECT_EQ(error_of("cpu v=1 1577836800"), "gzip: invalid header");
  EXPECT_EQ(error_of("\x1f\x8b\x07 not deflate"), "gzip: invalid header");
  for (const int level : {0, 1, 9}) {
    const auto body = gzip(lines(300), level);
    for (size_t size = 1; size < body.size(); ++size) {
      ASSERT_EQ(error_of(body.substr(0, size)), "unexpected EOF") << level << " " << size;
    }
    EXPECT_EQ(error_of(body + "garbage"), "gzip: invalid header");
    auto wrong_sum = body;
    wrong_sum[body.size() - 5] = static_cast<char>(wrong_sum[body.size() - 5] + 1);
    EXPECT_EQ(error_of(wrong_sum), "gzip: invalid checksum");
    auto wrong_size = body;
    wrong_size.back() = 1;
    EXPECT_EQ(error_of(wrong_size), "gzip: invalid checksum");
  }
  auto corrupt = gzip("text");
  corrupt[10] = '\x07';  // The last block, of a kind that does not exist.
  EXPECT_EQ(error_of(corrupt), "flate: corrupt input before offset 1");
}

TEST(Gzip, NeverGivesMoreThanTheLimit) {
  const auto bomb = gzip(std::string(10'000'000, '\0'));
  const auto refused = gunzip(bomb, 1'000'000);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(refused.error().message, "the decompressed body is larger than 1000000 bytes");
  EXPECT_TRUE(gunzip(bomb, 10'000'000).has_value());
  EXPECT_FALSE(gunzip(bomb, 9'999'999).has_value());
  EXPECT_FALSE(gunzip(bomb + bomb, 19'999'999).has_value());
  EXPECT_EQ(gunzip(gzip(""), 0), "");
}

TEST(Gzip, DoesNotTrustTheSizeInTheTrailer) {
  auto small = gzip("text");
  for (size_t i = 1; i <= 4; ++i) small[small.size() - i] = '\x7f';
  EXPECT_EQ(error_of(small, size_t{1} << 40), "gzip: invalid checksum");
  auto large = gzip(lines(5'000));
  for (size_t i = 1; i <= 4; ++i) large[large.size() - i] = '\0';
  EXPECT_EQ(error_of(large), "gzip: invalid checksum");
}

TEST(Gzip, SurvivesAnyByteChanged) {
  std::mt19937_64 random(4);
  const auto body = gzip(lines(200));
  for (int round = 0; round < 20'000; ++round) {
    auto changed = body;
    changed[random() % changed.size()] = static_cast<char>(random());
    const auto result = gunzip(changed, 1 << 20);
    if (result) {
      EXPECT_EQ(*result, lines(200));
    }
  }
}

}  // namespace
}  // namespace varve
