// SPDX-License-Identifier: Apache-2.0
#include "codec/text/number_text.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

namespace varve {
namespace {

std::string float_text(double value) {
  char text[kFloatTextBytes];
  return {text, write_float(text, value)};
}

std::string fixed_text(double value) {
  char text[kFixedFloatTextBytes];
  return {text, write_fixed_float(text, value)};
}

std::string integer_text(int64_t value) {
  char text[kIntegerTextBytes];
  return {text, write_i64(text, value)};
}

TEST(NumberText, IntegersAreExact) {
  for (const int64_t value :
       {int64_t{0}, int64_t{9}, int64_t{10}, int64_t{-1}, int64_t{99'999'999}, int64_t{100'000'000},
        int64_t{100'000'001}, int64_t{9'999'999'999'999'999}, int64_t{10'000'000'000'000'000},
        std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
    EXPECT_EQ(integer_text(value), std::to_string(value));
  }
  char text[kIntegerTextBytes];
  EXPECT_EQ(std::string(text, write_u64(text, std::numeric_limits<uint64_t>::max())),
            "18446744073709551615");
  std::mt19937_64 random(1);
  for (int round = 0; round < 300'000; ++round) {
    const auto value = static_cast<int64_t>(random() >> (random() % 64));
    ASSERT_EQ(integer_text(value), std::to_string(value));
    ASSERT_EQ(integer_text(-value), std::to_string(-value));
  }
}

TEST(NumberText, FloatsLookAsGoWritesThem) {
  const auto looks = [](double value, std::string_view text) {
    EXPECT_EQ(float_text(value), text);
  };
  looks(0, "0");
  looks(-0.0, "-0");
  looks(3, "3");
  looks(-2.5, "-2.5");
  looks(15.541666666666666, "15.541666666666666");
  looks(0.1, "0.1");
  looks(0.000001, "0.000001");
  looks(0.0000015, "0.0000015");
  looks(0.00000099, "9.9e-7");
  looks(1e-7, "1e-7");
  looks(1.5e-10, "1.5e-10");
  looks(1e20, "100000000000000000000");
  looks(1e21, "1e+21");
  looks(1.25e100, "1.25e+100");
  looks(123456789012345680000.0, "123456789012345680000");
  looks(999999999999999.9, "999999999999999.9");
  looks(999999999.999999, "999999999.999999");
  looks(9007199254740992, "9007199254740992");
  looks(5e-324, "5e-324");
  looks(1.7976931348623157e308, "1.7976931348623157e+308");
}

TEST(NumberText, FixedFloatsNeverHaveAnExponent) {
  EXPECT_EQ(fixed_text(1e21), "1000000000000000000000");
  EXPECT_EQ(fixed_text(1e-7), "0.0000001");
  EXPECT_EQ(fixed_text(-2.5), "-2.5");
  EXPECT_EQ(fixed_text(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(fixed_text(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(fixed_text(5e-324), "0." + std::string(323, '0') + "5");
  EXPECT_EQ(fixed_text(1.7976931348623157e308), "17976931348623157" + std::string(292, '0'));
}

TEST(NumberText, FloatsReadBackAndNoShorterTextDoes) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 300'000; ++round) {
    double value = std::bit_cast<double>(random());
    // Also the numbers that people have: few digits, some decimals.
    if (round % 2 == 0) {
      value = static_cast<double>(random() % 10'000'000'000) / std::pow(10, random() % 12);
    }
    if (!std::isfinite(value)) continue;
    const auto text = float_text(value);
    ASSERT_EQ(std::bit_cast<uint64_t>(std::strtod(text.c_str(), nullptr)),
              std::bit_cast<uint64_t>(value))
        << text;
    ASSERT_EQ(std::strtod(fixed_text(value).c_str(), nullptr), value);
    // Count the digits between the first and the last that are not zero.
    const auto mantissa = text.substr(0, text.find('e'));
    std::string digits;
    for (const char c : mantissa) {
      if (c >= '0' && c <= '9') digits += c;
    }
    const auto first = digits.find_first_not_of('0');
    if (first == std::string::npos) continue;
    const auto digit_count = digits.find_last_not_of('0') - first + 1;
    if (digit_count < 2) continue;
    char shorter[64];
    std::snprintf(shorter, sizeof shorter, "%.*e", static_cast<int>(digit_count) - 2, value);
    ASSERT_NE(std::strtod(shorter, nullptr), value) << text << " " << shorter;
  }
}

}  // namespace
}  // namespace varve
