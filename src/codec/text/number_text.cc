// SPDX-License-Identifier: Apache-2.0
#include "codec/text/number_text.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/check.h"

namespace varve {
namespace {

constexpr uint64_t kAsciiZeros = 0x3030303030303030ull;
constexpr uint32_t k1e8 = 100'000'000;
/// Decimals up to this many digits and doubles correspond one to one.
constexpr double k1e15 = 1e15;

/// The 8 digits of a value below 10^8, the first one in the lowest byte.
uint64_t digits_of(uint32_t value) {
  static_assert(std::endian::native == std::endian::little);
  const uint64_t halves = (static_cast<uint64_t>(value % 10'000) << 32) | value / 10'000;
  const uint64_t hundreds = ((halves * 10'486) >> 20) & 0x7f0000007full;
  const uint64_t pairs = ((halves - 100 * hundreds) << 16) | hundreds;
  const uint64_t tens = ((pairs * 103) >> 10) & 0x000f000f000f000full;
  return ((pairs - 10 * tens) << 8) | tens;
}

/// A value below 10^8 without zeros in front. Writes 8 bytes.
char* write_head(char* out, uint32_t value) {
  const uint64_t digits = digits_of(value);
  const int zeros = std::countr_zero(digits | (1ull << 56)) & ~7;
  const uint64_t text = (digits | kAsciiZeros) >> zeros;
  std::memcpy(out, &text, 8);
  return out + 8 - zeros / 8;
}

/// m / 10^6 without zeros at the end, for a value that is no integer.
char* write_millionths(char* out, uint64_t millionths) {
  out = write_u64(out, millionths / 1'000'000);
  *out++ = '.';
  // Two zeros stand in front of the six digits.
  const uint64_t digits = digits_of(static_cast<uint32_t>(millionths % 1'000'000)) >> 16;
  const uint64_t text = digits | kAsciiZeros;
  std::memcpy(out, &text, 8);
  return out + 8 - std::countl_zero(digits) / 8;
}

/// A positive value as its shortest digits and its power of ten: d.ddd × 10^exponent.
struct ShortestDigits {
  char digits[32];
  int count = 0;
  int exponent = 0;
};

ShortestDigits shortest_digits(double value) {
  char text[64];
  const auto [end, error] =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  CHECK(error == std::errc());
  ShortestDigits shortest;
  const char* at = text;
  for (; *at != 'e'; ++at) {
    if (*at != '.') shortest.digits[shortest.count++] = *at;
  }
  ++at;
  if (*at == '+') ++at;  // from_chars takes no plus sign.
  std::from_chars(at, end, shortest.exponent);
  return shortest;
}

char* put(char* out, const char* bytes, int count) {
  std::memcpy(out, bytes, static_cast<size_t>(count));
  return out + count;
}

char* put_zeros(char* out, int count) {
  std::memset(out, '0', static_cast<size_t>(count));
  return out + count;
}

char* write_without_exponent(char* out, const ShortestDigits& shortest) {
  const int before_point = shortest.exponent + 1;
  if (before_point <= 0) {
    *out++ = '0';
    *out++ = '.';
    out = put_zeros(out, -before_point);
    return put(out, shortest.digits, shortest.count);
  }
  if (before_point >= shortest.count) {
    out = put(out, shortest.digits, shortest.count);
    return put_zeros(out, before_point - shortest.count);
  }
  out = put(out, shortest.digits, before_point);
  *out++ = '.';
  return put(out, shortest.digits + before_point, shortest.count - before_point);
}

char* write_with_exponent(char* out, const ShortestDigits& shortest) {
  *out++ = shortest.digits[0];
  if (shortest.count > 1) {
    *out++ = '.';
    out = put(out, shortest.digits + 1, shortest.count - 1);
  }
  *out++ = 'e';
  *out++ = shortest.exponent < 0 ? '-' : '+';
  return write_u64(out, static_cast<uint64_t>(std::abs(shortest.exponent)));
}

/// Writes a magnitude with few decimals without a search for its digits; null when it has more.
char* write_short_magnitude(char* out, double magnitude) {
  if (magnitude >= k1e15) return nullptr;
  const auto whole = static_cast<uint64_t>(magnitude);
  if (static_cast<double>(whole) == magnitude) return write_u64(out, whole);
  // At most 15 digits that read back as the value: no shorter text can do so too.
  if (magnitude >= 1e9) return nullptr;
  const auto millionths = static_cast<uint64_t>(magnitude * 1e6 + 0.5);
  if (static_cast<double>(millionths) / 1e6 != magnitude) return nullptr;
  return write_millionths(out, millionths);
}

}  // namespace

void write_8_digits(char* out, uint32_t value) {
  const uint64_t text = digits_of(value) | kAsciiZeros;
  std::memcpy(out, &text, 8);
}

char* write_u64(char* out, uint64_t value) {
  if (value < k1e8) return write_head(out, static_cast<uint32_t>(value));
  const uint64_t high = value / k1e8;
  const auto low = static_cast<uint32_t>(value % k1e8);
  if (high < k1e8) {
    out = write_head(out, static_cast<uint32_t>(high));
  } else {
    out = write_head(out, static_cast<uint32_t>(high / k1e8));
    write_8_digits(out, static_cast<uint32_t>(high % k1e8));
    out += 8;
  }
  write_8_digits(out, low);
  return out + 8;
}

char* write_i64(char* out, int64_t value) {
  const bool negative = value < 0;
  *out = '-';
  const auto bits = static_cast<uint64_t>(value);
  return write_u64(out + negative, negative ? 0 - bits : bits);
}

char* write_float(char* out, double value) {
  DCHECK(std::isfinite(value));
  *out = '-';
  out += std::signbit(value);
  const double magnitude = std::fabs(value);
  if (char* const end = write_short_magnitude(out, magnitude)) return end;
  const auto shortest = shortest_digits(magnitude);
  if (magnitude < 1e-6 || magnitude >= 1e21) return write_with_exponent(out, shortest);
  return write_without_exponent(out, shortest);
}

char* write_fixed_float(char* out, double value) {
  if (std::isnan(value)) return put(out, "NaN", 3);
  if (std::isinf(value)) return put(out, value < 0 ? "-Inf" : "+Inf", 4);
  *out = '-';
  out += std::signbit(value);
  const double magnitude = std::fabs(value);
  if (char* const end = write_short_magnitude(out, magnitude)) return end;
  return write_without_exponent(out, shortest_digits(magnitude));
}

}  // namespace varve
