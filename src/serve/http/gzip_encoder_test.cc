// SPDX-License-Identifier: Apache-2.0
#include "serve/http/gzip_encoder.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "codec/gzip.h"

namespace varve {
namespace {

using Flush = GzipEncoder::Flush;

std::string rows(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "row " + std::to_string(i * 7919) + "\n";
  return text;
}

/// What a reader of a stream can read of it so far.
std::string readable(std::string compressed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
  std::string plain(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  inflate(&stream, Z_SYNC_FLUSH);
  plain.resize(plain.size() - stream.avail_out);
  inflateEnd(&stream);
  return plain;
}

TEST(GzipEncoder, GivesOneMemberOfWhatCameInPieces) {
  for (const int count : {0, 1, 100'000}) {
    const std::string text = rows(count);
    GzipEncoder encoder;
    std::string out;
    for (size_t i = 0; i < text.size(); i += 9'999) {
      out += encoder.encode(std::string_view(text).substr(i, 9'999), Flush::kNone);
    }
    out += encoder.encode("", Flush::kEnd);
    EXPECT_EQ(gunzip(out, 1 << 24), text);
  }
}

TEST(GzipEncoder, HandsOutWholeBlocksWhereAReaderWaitsForThem) {
  GzipEncoder encoder;
  std::string out = encoder.encode("first", Flush::kBlock);
  EXPECT_EQ(readable(out), "first");
  out += encoder.encode("second", Flush::kBlock);
  EXPECT_EQ(readable(out), "firstsecond");
  out += encoder.encode("third", Flush::kEnd);
  EXPECT_EQ(gunzip(out, 100), "firstsecondthird");
}

TEST(GzipEncoder, IsForThoseWhoTakeIt) {
  const auto accepts = [](std::string text) {
    return accepts_gzip({{"Accept-Encoding", std::move(text)}});
  };
  for (const char* text : {"gzip", "deflate, gzip", "GZip;q=0.5", "br,gzip ; q=1", "*",
                           "gzip;q=0.001"}) {
    EXPECT_TRUE(accepts(text)) << text;
  }
  for (const char* text : {"", "identity", "deflate, br", "gzip;q=0", "gzip;q=0.000", "xgzip"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
  EXPECT_FALSE(accepts_gzip({}));
}

}  // namespace
}  // namespace varve
