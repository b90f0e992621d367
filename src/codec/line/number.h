// SPDX-License-Identifier: Apache-2.0
// Numbers of line protocol: a quick reader for the common forms and the complete rules.
// Source: InfluxDB 1.x, models.scanNumber; Go's strconv.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/result.h"
#include "model/points.h"

namespace varve::line_protocol {

inline constexpr uint64_t kPowersOf10[] = {1ull,
                                           10ull,
                                           100ull,
                                           1'000ull,
                                           10'000ull,
                                           100'000ull,
                                           1'000'000ull,
                                           10'000'000ull,
                                           100'000'000ull,
                                           1'000'000'000ull,
                                           10'000'000'000ull,
                                           100'000'000'000ull,
                                           1'000'000'000'000ull,
                                           10'000'000'000'000ull,
                                           100'000'000'000'000ull,
                                           1'000'000'000'000'000ull,
                                           10'000'000'000'000'000ull,
                                           100'000'000'000'000'000ull,
                                           1'000'000'000'000'000'000ull,
                                           10'000'000'000'000'000'000ull};

inline constexpr double kDoublePowersOf10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// The value of the `count` digits in front of others in `bytes`, which were read from a text and
/// combined with "00000000". Requires count in [1, 8].
inline uint64_t value_of_digits(uint64_t bytes, unsigned count) {
  bytes <<= (8 - count) * 8;  // Zeros in front.
  bytes = bytes * 10 + (bytes >> 8);
  bytes = ((bytes & 0x000000FF000000FFull) * 0x000F424000000064ull +
           ((bytes >> 16) & 0x000000FF000000FFull) * 0x0000271000000001ull) >>
          32;
  return static_cast<uint32_t>(bytes);
}

/// The value of the digits among the first 8 bytes at `text`, and how many they are.
/// Reads 8 bytes.
inline unsigned read_8_digits(const char* text, uint64_t& value) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t bytes;
  std::memcpy(&bytes, text, 8);
  // A digit becomes 0…9, anything else at least 10; a carry can only disturb bytes after that one.
  bytes ^= 0x3030303030303030ull;
  const uint64_t others = ((bytes + 0x7676767676767676ull) | bytes) & 0x8080808080808080ull;
  const unsigned count = others ? static_cast<unsigned>(std::countr_zero(others)) >> 3 : 8;
  if (count == 0) {
    value = 0;
    return 0;
  }
  value = value_of_digits(bytes, count);
  return count;
}

/// Reads digits; the value is right while they are at most 19. Returns the first byte that is no
/// digit, or any byte after the 24th. Reads up to 32 bytes.
inline const char* read_digits(const char* text, uint64_t& value) {
  unsigned count = read_8_digits(text, value);
  text += count;
  if (count < 8) return text;
  uint64_t more;
  count = read_8_digits(text, more);
  value = value * kPowersOf10[count] + more;
  text += count;
  if (count < 8) return text;
  count = read_8_digits(text, more);
  value = value * kPowersOf10[count] + more;
  return text + count;
}

/// Reads "123i" of up to 7 digits, as read_plain_number(); null when it is anything else. Reads 9
/// bytes.
inline const char* read_short_integer(const char* text, PointField& field) {
  uint64_t bytes;
  std::memcpy(&bytes, text, 8);
  bytes ^= 0x3030303030303030ull;
  const uint64_t others = ((bytes + 0x7676767676767676ull) | bytes) & 0x8080808080808080ull;
  if (others == 0) return nullptr;
  const unsigned count = static_cast<unsigned>(std::countr_zero(others)) >> 3;
  if (count == 0 || text[count] != 'i') return nullptr;
  const char end = text[count + 1];
  if (end != ',' && end != ' ' && end != '\n') return nullptr;
  field.type = ValueType::kInt64;
  field.i64 = static_cast<int64_t>(value_of_digits(bytes, count));
  return text + count + 1;
}

/// Reads a number whose text ends at the first comma, space or newline: sets type and value of the
/// field and returns that end. Null when the number is wrong or unusual: parse_number() decides.
/// Reads up to 64 bytes from `text`, whatever they are.
const char* read_plain_number(const char* text, PointField& field);

/// Takes the whole text as the value of a field. The error message is InfluxDB's.
Result<void> parse_number(std::string_view text, PointField& field);

/// The whole text as an int64, optional '-' and digits. The error message is Go's.
Result<int64_t> parse_int64(std::string_view text);

/// The nearest double of a text made of an optional '-', digits, at most one point and at most one
/// exponent. What is too small is zero; false when it is too large or malformed.
bool parse_float64(std::string_view text, double& value);

}  // namespace varve::line_protocol
