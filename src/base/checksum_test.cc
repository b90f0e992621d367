// SPDX-License-Identifier: Apache-2.0
#include "base/checksum.h"

#include <gtest/gtest.h>

#include <string>
#include <unordered_set>

#include "base/crc32c.h"

namespace varve {
namespace {

// Bytes without a pattern that a table could hide behind.
std::string scrambled(size_t size_bytes) {
  std::string bytes;
  uint32_t state = 12345;
  for (size_t index = 0; index < size_bytes; ++index) {
    state = state * 1664525 + 1013904223;
    bytes += static_cast<char>(state >> 24);
  }
  return bytes;
}

// One bit after the other, straight from the definition.
uint32_t crc32c_by_bits(std::string_view bytes, uint32_t seed) {
  uint32_t remainder = ~seed;
  for (const char byte : bytes) {
    remainder ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder & 1) != 0 ? (remainder >> 1) ^ 0x82f63b78 : remainder >> 1;
    }
  }
  return ~remainder;
}

TEST(Crc32c, GivesThePublishedValues) {
  // Source: RFC 3720, appendix B.4; the first is the check value of the CRC catalogues.
  EXPECT_EQ(crc32c("123456789"), 0xe3069283);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aa);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43);
  std::string rising;
  for (char byte = 0; byte < 32; ++byte) rising += byte;
  EXPECT_EQ(crc32c(rising), 0x46dd794e);
  EXPECT_EQ(crc32c(std::string(rising.rbegin(), rising.rend())), 0x113fdb5c);
}

TEST(Crc32c, OfNothingIsTheSeed) {
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c("", 0xe3069283), 0xe3069283);
}

TEST(Crc32c, HasOneValueOnEveryPath) {
  const std::string bytes = scrambled(40'000);
  const auto agrees = [&](size_t begin, size_t size_bytes, uint32_t seed) {
    const std::string_view part = std::string_view(bytes).substr(begin, size_bytes);
    const uint32_t expected = crc32c_by_bits(part, seed);
    EXPECT_EQ(crc32c(part, seed), expected) << begin << " " << size_bytes;
    EXPECT_EQ(crc32c_portable(part, seed), expected) << begin << " " << size_bytes;
    if (has_crc32c_instruction()) {
      EXPECT_EQ(crc32c_instruction(part, seed), expected) << begin << " " << size_bytes;
    }
  };
  for (size_t size_bytes = 0; size_bytes < 70; ++size_bytes) {
    for (size_t begin = 0; begin < 9; ++begin) agrees(begin, size_bytes, 0);
  }
  // Around the blocks of the interleaved streams.
  for (const size_t edge : {3 * 256, 6 * 256, 3 * 4096, 3 * 4096 + 3 * 256, 6 * 4096}) {
    for (size_t more = 0; more < 18; ++more) agrees(more % 8, edge - 9 + more, 0x9e3779b9);
  }
  agrees(0, bytes.size(), 1);
}

TEST(Crc32c, ContinuesWhereverTheBytesAreCut) {
  const std::string bytes = scrambled(13'000);
  const uint32_t whole = crc32c(bytes);
  for (const size_t cut : {0, 1, 7, 8, 255, 768, 4096, 12'288, 12'999, 13'000}) {
    const std::string_view text = bytes;
    EXPECT_EQ(crc32c(text.substr(cut), crc32c(text.substr(0, cut))), whole) << cut;
  }
}

TEST(Crc32c, NoticesEveryFlippedBit) {
  std::string bytes = scrambled(64);
  const uint32_t whole = crc32c(bytes);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(crc32c(bytes), whole) << bit;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  }
}

TEST(Hash128, NeverChanges) {
  // Part of the disk format: when this fails, old data becomes unreadable.
  // The values are those of xxHash 0.8.4, another build than the one linked here.
  EXPECT_EQ(hash128(""), (Hash128{.high = 0x99aa06d3014798d8, .low = 0x6001c324468d497f}));
  EXPECT_EQ(hash128("cpu"), (Hash128{.high = 0xfb40b47fcd8f720a, .low = 0xecaa9c725d358abe}));
  EXPECT_EQ(hash128(scrambled(1000)),
            (Hash128{.high = 0xed58c68961c47151, .low = 0x363b0e11214f06a2}));
  EXPECT_EQ(hash128_seeded("cpu", 1),
            (Hash128{.high = 0x7df773b07a2ab8a8, .low = 0xd326f23681c39f49}));
}

TEST(Hash128, DependsOnTheSeed) {
  EXPECT_EQ(hash128_seeded("cpu", 0), hash128("cpu"));
  EXPECT_NE(hash128_seeded("cpu", 1), hash128("cpu"));
}

TEST(Hash128, OrdersByItsHighHalfFirst) {
  EXPECT_LT((Hash128{.high = 1, .low = 9}), (Hash128{.high = 2, .low = 0}));
  EXPECT_LT((Hash128{.high = 1, .low = 8}), (Hash128{.high = 1, .low = 9}));
}

TEST(Hash128, IsAKeyOfUnorderedSets) {
  std::unordered_set<Hash128> hashes;
  for (int key = 0; key < 1000; ++key) hashes.insert(hash128(std::to_string(key)));
  EXPECT_EQ(hashes.size(), 1000U);
  EXPECT_TRUE(hashes.contains(hash128("999")));
}

}  // namespace
}  // namespace varve
