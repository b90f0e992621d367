// SPDX-License-Identifier: Apache-2.0
#include "codec/gzip.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/check.h"
#include "codec/deflate_fault.h"

namespace varve {
namespace {

/// Deflate cannot make more of a byte than this.
constexpr size_t kRatioMax = 1'032;
constexpr size_t kOutputBytesMin = 4'096;
/// Spare capacity of the result.
constexpr size_t kSpareBytes = 128;
constexpr size_t kTrailerBytes = 8;

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

uint32_t read_u32(std::string_view bytes) {
  uint32_t value;
  std::memcpy(&value, bytes.data(), 4);
  return value;
}

/// The length of a member's header. Source: RFC 1952.
Result<size_t> header_bytes(std::string_view member) {
  constexpr uint8_t kHeaderCrc = 2;
  constexpr uint8_t kExtra = 4;
  constexpr uint8_t kName = 8;
  constexpr uint8_t kComment = 16;
  const std::string_view magic("\x1f\x8b\x08", 3);
  if (member.substr(0, 3) != magic.substr(0, member.size())) return invalid("gzip: invalid header");
  size_t at = 10;
  if (member.size() < at) return invalid("unexpected EOF");
  const auto flags = static_cast<uint8_t>(member[3]);
  if (flags & kExtra) {
    if (member.size() < at + 2) return invalid("unexpected EOF");
    at += 2 + static_cast<size_t>(static_cast<uint8_t>(member[at])) +
          256 * static_cast<size_t>(static_cast<uint8_t>(member[at + 1]));
  }
  for (const uint8_t text : {kName, kComment}) {
    if (!(flags & text)) continue;
    const size_t end = at < member.size() ? member.find('\0', at) : std::string_view::npos;
    if (end == std::string_view::npos) return invalid("unexpected EOF");
    at = end + 1;
  }
  if (flags & kHeaderCrc) {
    if (member.size() < at + 2) return invalid("unexpected EOF");
    const uint32_t crc = libdeflate_crc32(0, member.data(), at) & 0xFFFF;
    const uint32_t stored = static_cast<uint8_t>(member[at]) |
                            static_cast<uint32_t>(static_cast<uint8_t>(member[at + 1])) << 8;
    if (crc != stored) return invalid("gzip: invalid header");
    at += 2;
  }
  if (member.size() < at) return invalid("unexpected EOF");
  return at;
}

/// Output that grows up to a limit.
class Output {
 public:
  Output(size_t body_bytes, uint32_t size_hint, size_t bytes_max) : bytes_max_(bytes_max) {
    // The trailer's size is only a hint: it is modulo 2^32, and the client's to choose.
    const size_t possible = std::min(bytes_max, body_bytes * kRatioMax);
    bytes_.reserve(std::min<size_t>(possible, size_hint) + kSpareBytes);
    bytes_.resize(std::min(possible, std::max<size_t>(kOutputBytesMin, size_hint)));
  }

  char* free() { return bytes_.data() + size_bytes_; }
  size_t free_bytes() const { return bytes_.size() - size_bytes_; }
  void advance(size_t bytes) { size_bytes_ += bytes; }
  /// False at the limit.
  bool grow() {
    if (bytes_.size() >= bytes_max_) return false;
    const size_t grown = std::min(bytes_max_, std::max(kOutputBytesMin, bytes_.size() * 2));
    bytes_.reserve(grown + kSpareBytes);
    bytes_.resize(grown);
    return true;
  }
  std::string take() && {
    bytes_.resize(size_bytes_);
    return std::move(bytes_);
  }

 private:
  size_t bytes_max_;
  std::string bytes_;
  size_t size_bytes_ = 0;
};

/// Decompresses the member at the front of `rest` and moves past it.
Result<void> read_member(libdeflate_decompressor* decompressor, std::string_view& rest,
                         Output& output, size_t bytes_max) {
  const auto stream = rest.substr(TRY(header_bytes(rest)));
  size_t read_bytes = 0;
  size_t written_bytes = 0;
  for (;;) {
    const auto outcome =
        libdeflate_deflate_decompress_ex(decompressor, stream.data(), stream.size(), output.free(),
                                         output.free_bytes(), &read_bytes, &written_bytes);
    if (outcome == LIBDEFLATE_SUCCESS) break;
    if (outcome == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (output.grow()) continue;
      return fail(ErrorCode::kTooLarge,
                  "the decompressed body is larger than " + std::to_string(bytes_max) + " bytes");
    }
    const auto fault = find_deflate_fault(stream);
    if (fault.truncated) return invalid("unexpected EOF");
    return invalid("flate: corrupt input before offset " + std::to_string(fault.offset_bytes));
  }
  const auto trailer = stream.substr(read_bytes);
  if (trailer.size() < kTrailerBytes) return invalid("unexpected EOF");
  if (read_u32(trailer) != libdeflate_crc32(0, output.free(), written_bytes) ||
      read_u32(trailer.substr(4)) != static_cast<uint32_t>(written_bytes)) {
    return invalid("gzip: invalid checksum");
  }
  output.advance(written_bytes);
  rest = trailer.substr(kTrailerBytes);
  return {};
}

}  // namespace

Result<std::string> gunzip(std::string_view body, size_t bytes_max) {
  if (body.empty()) return invalid("EOF");
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  CHECK(decompressor != nullptr);
  const uint32_t size_hint = body.size() < 4 ? 0 : read_u32(body.substr(body.size() - 4));
  Output output(body.size(), size_hint, bytes_max);
  for (auto rest = body; !rest.empty();) {
    TRY_VOID(read_member(decompressor.get(), rest, output, bytes_max));
  }
  return std::move(output).take();
}

}  // namespace varve
