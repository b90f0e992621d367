// SPDX-License-Identifier: Apache-2.0
#include "serve/http/gzip_encoder.h"

#include <zlib.h>

#include <algorithm>

#include "base/check.h"

namespace varve {
namespace {

// The fastest: rows of text become a fifth all the same.
constexpr int kLevel = 1;
constexpr int kGzipWindow = MAX_WBITS + 16;
constexpr int kMemory = 8;
constexpr size_t kPieceBytes = 16 * 1024;
// zlib counts in 32 bits.
constexpr size_t kInputBytesMax = size_t{1} << 30;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// "gzip", "gzip;q=0.5", "*": whether gzip is meant, and wanted.
bool takes_gzip(std::string_view entry) {
  const auto divider = entry.find(';');
  const auto name = trim(entry.substr(0, divider));
  if (!equals_ignoring_case(name, "gzip") && name != "*") return false;
  if (divider == std::string_view::npos) return true;
  const auto weight = trim(entry.substr(divider + 1));
  return !weight.starts_with("q=0") || weight.find_first_of("123456789") != std::string_view::npos;
}

}  // namespace

bool accepts_gzip(const HttpHeaders& headers) {
  for (auto list : headers.find_all("accept-encoding")) {
    while (!list.empty()) {
      const auto comma = list.find(',');
      if (takes_gzip(list.substr(0, comma))) return true;
      list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    }
  }
  return false;
}

struct GzipEncoder::State {
  z_stream stream{};
};

GzipEncoder::GzipEncoder() : state_(std::make_unique<State>()) {
  CHECK(deflateInit2(&state_->stream, kLevel, Z_DEFLATED, kGzipWindow, kMemory,
                     Z_DEFAULT_STRATEGY) == Z_OK);
}

GzipEncoder::~GzipEncoder() { deflateEnd(&state_->stream); }

std::string GzipEncoder::encode(std::string_view bytes, Flush flush) {
  auto& stream = state_->stream;
  std::string out;
  do {
    const auto part = bytes.substr(0, kInputBytesMax);
    bytes.remove_prefix(part.size());
    const bool is_last = bytes.empty();
    // Old zlib headers take no pointer to const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    const int mode = !is_last || flush == Flush::kNone ? Z_NO_FLUSH
                     : flush == Flush::kBlock          ? Z_SYNC_FLUSH
                                                       : Z_FINISH;
    do {
      const size_t have = out.size();
      out.resize(have + kPieceBytes);
      stream.next_out = reinterpret_cast<Bytef*>(out.data() + have);
      stream.avail_out = kPieceBytes;
      CHECK(deflate(&stream, mode) != Z_STREAM_ERROR);
      out.resize(out.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (!bytes.empty());
  return out;
}

}  // namespace varve
