// SPDX-License-Identifier: Apache-2.0
#include "codec/line/number.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

namespace varve::line_protocol {
namespace {

/// The text with the padding that the quick reader needs.
std::string padded(const std::string& text) { return text + " " + std::string(64, '\n'); }

std::string random_digits(std::mt19937_64& random, size_t count_max) {
  std::string digits(random() % (count_max + 1), '0');
  for (auto& digit : digits) digit = static_cast<char>('0' + random() % 10);
  return digits;
}

TEST(LineNumber, FloatsAreTheNearestDoubles) {
  std::mt19937_64 random(3);
  int quick = 0;
  for (int round = 0; round < 500'000; ++round) {
    std::string text = (random() % 2 ? "-" : "") + random_digits(random, 12);
    if (random() % 2) text += "." + random_digits(random, 12);
    if (random() % 4 == 0) text += "e" + std::to_string(static_cast<int>(random() % 60) - 30);
    const auto line = padded(text);
    PointField slow;
    const bool valid = parse_number(text, slow).has_value();
    if (valid) {
      ASSERT_EQ(std::bit_cast<uint64_t>(slow.f64),
                std::bit_cast<uint64_t>(std::strtod(text.c_str(), nullptr)))
          << text;
    }
    PointField field;
    if (const char* stop = read_plain_number(line.data(), field)) {
      ++quick;
      ASSERT_TRUE(valid) << text;
      ASSERT_EQ(stop, line.data() + text.size()) << text;
      ASSERT_EQ(field.type, ValueType::kFloat64) << text;
      ASSERT_EQ(std::bit_cast<uint64_t>(field.f64), std::bit_cast<uint64_t>(slow.f64)) << text;
    }
  }
  EXPECT_GT(quick, 200'000);
}

TEST(LineNumber, ShortestTextsOfDoublesReadBack) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 200'000; ++round) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    char text[64];
    std::snprintf(text, sizeof text, "%.17g", value);
    double read = 0;
    ASSERT_TRUE(parse_float64(text, read)) << text;
    ASSERT_EQ(std::bit_cast<uint64_t>(read), std::bit_cast<uint64_t>(value)) << text;
  }
}

TEST(LineNumber, IntegersAreExactOrOutOfRange) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 500'000; ++round) {
    const std::string digits = (random() % 2 ? "-" : "") + random_digits(random, 21);
    const auto line = padded(digits + "i");
    errno = 0;
    char* end = nullptr;
    const int64_t expected = std::strtoll(digits.c_str(), &end, 10);
    const bool fits = errno == 0 && end != digits.c_str();
    PointField slow;
    ASSERT_EQ(parse_number(digits + "i", slow).has_value(), fits) << digits;
    PointField quick;
    if (read_plain_number(line.data(), quick) != nullptr) {
      ASSERT_TRUE(fits) << digits;
      ASSERT_EQ(quick.i64, expected) << digits;
    }
    if (fits) {
      ASSERT_EQ(slow.i64, expected) << digits;
    }
  }
}

TEST(LineNumber, FindsTheDigitsAmongAnyEightBytes) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 500'000; ++round) {
    char bytes[8];
    for (auto& byte : bytes) {
      byte = static_cast<char>(random() % 8 == 0 ? random() % 256 : '0' + random() % 10);
    }
    unsigned count = 0;
    uint64_t value = 0;
    while (count < 8 && bytes[count] >= '0' && bytes[count] <= '9')
      value = value * 10 + bytes[count++] - '0';
    uint64_t read;
    ASSERT_EQ(read_8_digits(bytes, read), count);
    ASSERT_EQ(read, value);
  }
}

TEST(LineNumber, WhatIsTooSmallIsZeroAndTooLargeIsRefused) {
  const auto reads = [](const char* text, double expected) {
    double value = 1;
    EXPECT_TRUE(parse_float64(text, value)) << text;
    EXPECT_EQ(std::bit_cast<uint64_t>(value), std::bit_cast<uint64_t>(expected)) << text;
  };
  reads("1e-400", 0.0);
  reads("-1e-99999999999999999999", -0.0);
  reads("0.0000000001e-320", 0.0);
  reads("1000000e-400", 0.0);
  const auto refuses = [](const std::string& text) {
    double value = 1;
    EXPECT_FALSE(parse_float64(text, value)) << text;
  };
  refuses("1e400");
  refuses("-1e99999999999999999999");
  refuses("0.00001e400");
  refuses(std::string(400, '9'));
}

}  // namespace
}  // namespace varve::line_protocol
