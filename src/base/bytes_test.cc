// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace varve {
namespace {

std::string varint_bytes(uint64_t value) {
  std::string bytes;
  ByteWriter(bytes).varint(value);
  return bytes;
}

TEST(Bytes, ReadsWhatWasWritten) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u8(0xab);
  writer.u16(0xabcd);
  writer.u32(0x89abcdef);
  writer.u64(0x0123456789abcdef);
  writer.i64(-5);
  writer.f64(-0.5);
  writer.varint(300);
  writer.signed_varint(-300);
  writer.string("shard");
  writer.raw("end");
  EXPECT_EQ(writer.size_bytes(), bytes.size());

  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 0xab);
  EXPECT_EQ(reader.u16(), 0xabcd);
  EXPECT_EQ(reader.u32(), 0x89abcdefU);
  EXPECT_EQ(reader.offset(), 7U);
  EXPECT_EQ(reader.u64(), 0x0123456789abcdefU);
  EXPECT_EQ(reader.i64(), -5);
  EXPECT_EQ(reader.f64(), -0.5);
  EXPECT_EQ(reader.varint(), 300U);
  EXPECT_EQ(reader.signed_varint(), -300);
  EXPECT_EQ(reader.string(), "shard");
  EXPECT_EQ(reader.remaining_bytes(), 3U);
  EXPECT_EQ(reader.raw(3), "end");
  EXPECT_TRUE(reader.at_end());
  EXPECT_FALSE(reader.failed());
}

TEST(Bytes, AreLittleEndianOnDisk) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u16(0x0102);
  writer.u32(0x03040506);
  EXPECT_EQ(bytes, "\x02\x01\x06\x05\x04\x03");
}

TEST(Bytes, KeepSmallVarintsShort) {
  EXPECT_EQ(varint_bytes(0), std::string(1, '\0'));
  EXPECT_EQ(varint_bytes(127), "\x7f");
  EXPECT_EQ(varint_bytes(128), "\x80\x01");
  EXPECT_EQ(varint_bytes(std::numeric_limits<uint64_t>::max()).size(), 10U);
  std::string bytes;
  ByteWriter(bytes).signed_varint(-1);
  EXPECT_EQ(bytes, "\x01");
}

TEST(Bytes, ReadEveryVarintBack) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const uint64_t near : {uint64_t{0}, uint64_t{1}, ~uint64_t{0}}) {
      const uint64_t value = (uint64_t{1} << bit) + near;
      std::string bytes;
      ByteWriter writer(bytes);
      writer.varint(value);
      writer.signed_varint(static_cast<int64_t>(value));
      ByteReader reader(bytes);
      EXPECT_EQ(reader.varint(), value);
      EXPECT_EQ(reader.signed_varint(), static_cast<int64_t>(value));
      EXPECT_TRUE(reader.at_end() && !reader.failed());
    }
  }
}

TEST(Bytes, GiveZeroAfterAReadPastTheEnd) {
  ByteReader reader("\x01\x02\x03");
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.varint(), 0U);
  EXPECT_EQ(reader.string(), "");
  EXPECT_EQ(reader.f64(), 0.0);
}

TEST(Bytes, RefuseAVarintWithoutAnEnd) {
  ByteReader endless(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12));
  EXPECT_EQ(endless.varint(), 0U);
  EXPECT_TRUE(endless.failed());
  ByteReader cut("\x80");
  EXPECT_EQ(cut.varint(), 0U);
  EXPECT_TRUE(cut.failed());
}

TEST(Bytes, RefuseAVarintThatDoesNotFit64Bits) {
  ByteReader largest(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10));
  EXPECT_EQ(largest.varint(), std::numeric_limits<uint64_t>::max());
  EXPECT_FALSE(largest.failed());
  ByteReader larger(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10));
  EXPECT_EQ(larger.varint(), 0U);
  EXPECT_TRUE(larger.failed());
}

TEST(Bytes, RefuseALengthBeyondTheEnd) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.varint(std::numeric_limits<uint64_t>::max());
  writer.raw("abc");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.string(), "");
  EXPECT_TRUE(reader.failed());
}

TEST(Bytes, NeverReadOutsideWhateverTheyHold) {
  // Under the address sanitizer a read outside ends the test.
  for (unsigned first = 0; first < 256; ++first) {
    for (size_t size_bytes = 0; size_bytes < 12; ++size_bytes) {
      const std::string bytes(size_bytes, static_cast<char>(first));
      ByteReader reader{std::string_view(bytes)};
      for (int round = 0; round < 4; ++round) {
        reader.string();
        reader.signed_varint();
        reader.u64();
      }
      EXPECT_TRUE(reader.at_end());
    }
  }
}

}  // namespace
}  // namespace varve
