// SPDX-License-Identifier: Apache-2.0
#include "codec/text/time_text.h"

#include <bit>
#include <cstdlib>
#include <cstring>

#include "codec/text/number_text.h"

namespace varve {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kDaySeconds = 86'400;

/// Two digits for each number below 100.
struct Pairs {
  char text[200];
  constexpr Pairs() : text() {
    for (int i = 0; i < 100; ++i) {
      text[2 * i] = static_cast<char>('0' + i / 10);
      text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
  }
};
constexpr Pairs kPairs;

char* write_pair(char* out, uint32_t value) {
  std::memcpy(out, kPairs.text + 2 * value, 2);
  return out + 2;
}

char* write_fraction(char* out, uint32_t ns) {
  *out++ = '.';
  char digits[17];
  digits[0] = static_cast<char>('0' + ns / 100'000'000);
  write_8_digits(digits + 1, ns % 100'000'000);
  size_t count = 9;
  while (digits[count - 1] == '0') --count;
  std::memcpy(out, digits, 9);
  return out + count;
}

char* write_offset(char* out, int32_t seconds) {
  *out++ = seconds < 0 ? '-' : '+';
  const auto minutes = static_cast<uint32_t>(std::abs(seconds)) / 60;
  out = write_pair(out, minutes / 60);
  *out++ = ':';
  return write_pair(out, minutes % 60);
}

}  // namespace

void TimeText::remember_day(int64_t day) {
  // Days to a date of the Gregorian calendar, by eras of 400 years that start on the 1st of March.
  const int64_t shifted = day + 719'468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const auto day_of_era = static_cast<uint32_t>(shifted - era * 146'097);
  const uint32_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t shifted_month = (5 * day_of_year + 2) / 153;
  const uint32_t day_of_month = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const uint32_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const auto year = static_cast<uint32_t>(era * 400) + year_of_era + (month <= 2);
  char* out = date_;
  out = write_pair(out, year / 100);
  out = write_pair(out, year % 100);
  *out++ = '-';
  out = write_pair(out, month);
  *out++ = '-';
  out = write_pair(out, day_of_month);
  *out = 'T';
  day_ = day;
}

char* TimeText::write(char* out, int64_t utc_ns, int32_t offset_seconds) {
  int64_t seconds = utc_ns / kSecondNs;
  int64_t ns = utc_ns % kSecondNs;
  if (ns < 0) {
    ns += kSecondNs;
    --seconds;
  }
  seconds += offset_seconds;
  int64_t day = seconds / kDaySeconds;
  int64_t second_of_day = seconds % kDaySeconds;
  if (second_of_day < 0) {
    second_of_day += kDaySeconds;
    --day;
  }
  if (day != day_) remember_day(day);
  std::memcpy(out, date_, sizeof date_);
  out += 11;
  const auto in_day = static_cast<uint32_t>(second_of_day);
  out = write_pair(out, in_day / 3'600);
  *out++ = ':';
  out = write_pair(out, in_day / 60 % 60);
  *out++ = ':';
  out = write_pair(out, in_day % 60);
  if (ns != 0) out = write_fraction(out, static_cast<uint32_t>(ns));
  if (offset_seconds != 0) return write_offset(out, offset_seconds);
  *out++ = 'Z';
  return out;
}

}  // namespace varve
