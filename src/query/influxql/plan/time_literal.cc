// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/time_literal.h"

#include <date/date.h>

#include <cstdio>

#include "query/influxql/plan/time_zone.h"

namespace varve::influxql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

/// Takes fixed-width numbers and marks off the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool digits(size_t count, int& number) {
    if (rest_.size() < count) return false;
    number = 0;
    for (size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  bool take(char mark) {
    if (rest_.empty() || rest_.front() != mark) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// `.5`, at most nine digits count; false when a point has none after it.
  bool fraction(int32_t& nanoseconds) {
    nanoseconds = 0;
    if (!take('.')) return true;
    int32_t unit = 100'000'000;
    size_t count = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      nanoseconds += unit * (rest_.front() - '0');
      unit /= 10;
      ++count;
      rest_.remove_prefix(1);
    }
    return count > 0;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct WallTime {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int32_t nanoseconds = 0;
};

bool read_date(Reader& reader, WallTime& wall) {
  return reader.digits(4, wall.year) && reader.take('-') && reader.digits(2, wall.month) &&
         reader.take('-') && reader.digits(2, wall.day);
}

bool read_clock(Reader& reader, WallTime& wall) {
  return reader.digits(2, wall.hour) && reader.take(':') && reader.digits(2, wall.minute) &&
         reader.take(':') && reader.digits(2, wall.second) && reader.fraction(wall.nanoseconds);
}

std::optional<int64_t> wall_seconds(const WallTime& wall) {
  const auto day = date::year(wall.year) / wall.month / wall.day;
  if (!day.ok() || wall.hour > 23 || wall.minute > 59 || wall.second > 59) return std::nullopt;
  const int64_t days = date::sys_days(day).time_since_epoch().count();
  return ((days * 24 + wall.hour) * 60 + wall.minute) * 60 + wall.second;
}

// `Z`, `+01:00`, `-05:00`: seconds east of UTC.
std::optional<int64_t> read_offset(Reader& reader) {
  if (reader.take('Z')) return 0;
  const int64_t sign = reader.take('+') ? 1 : -1;
  if (sign < 0 && !reader.take('-')) return std::nullopt;
  int hours = 0;
  int minutes = 0;
  if (!reader.digits(2, hours) || !reader.take(':') || !reader.digits(2, minutes) || hours > 24 ||
      minutes > 60) {
    return std::nullopt;
  }
  return sign * (hours * 60 + minutes) * 60;
}

}  // namespace

int64_t Moment::to_ns() const {
  int64_t ns = 0;
  if (__builtin_mul_overflow(seconds, kSecond, &ns) ||
      __builtin_add_overflow(ns, int64_t{nanoseconds}, &ns)) {
    return seconds < 0 ? INT64_MIN : INT64_MAX;
  }
  return ns;
}

std::string Moment::to_string() const {
  const auto moment = date::sys_seconds(std::chrono::seconds(seconds));
  const auto days = date::floor<date::days>(moment);
  const date::year_month_day day(days);
  const date::hh_mm_ss<std::chrono::seconds> clock(moment - days);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

bool looks_like_time(std::string_view text) {
  Reader reader(text);
  WallTime wall;
  return text.find('\n') == std::string_view::npos && read_date(reader, wall);
}

std::optional<Moment> parse_time(std::string_view text, const TimeZone* zone) {
  Reader reader(text);
  WallTime wall;
  if (!read_date(reader, wall)) return std::nullopt;
  std::optional<int64_t> seconds;
  if (reader.at_end()) {
    seconds = wall_seconds(wall);
  } else if (reader.take(' ')) {
    if (!read_clock(reader, wall) || !reader.at_end()) return std::nullopt;
    seconds = wall_seconds(wall);
  } else {
    if (!reader.take('T') || !read_clock(reader, wall)) return std::nullopt;
    const auto offset = read_offset(reader);
    seconds = wall_seconds(wall);
    if (!offset || !seconds || !reader.at_end()) return std::nullopt;
    return Moment{*seconds - *offset, wall.nanoseconds};
  }
  if (!seconds) return std::nullopt;
  return Moment{wall_to_utc_seconds(zone, *seconds), wall.nanoseconds};
}

}  // namespace varve::influxql
