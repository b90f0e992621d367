// SPDX-License-Identifier: Apache-2.0
// A log line is an event and its facts, one per thing an operator could act on:
//
//   log::info("shard.flushed", {{"shard", 12}, {"rows", rows}, {"took_ms", took_ms}});
//
// Text form:  2026-01-02T03:04:05.678Z info  shard.flushed shard=12 rows=1000 took_ms=3
// JSON form:  {"ts":"…","level":"info","target":"shard","message":"shard.flushed","shard":12,…}
// Text values stand in quotes only when they hold spaces, quotes or control characters. Both forms
// are valid UTF-8 in one line. In JSON, a fact named like a key of the line gets a "_" at its end.
// Threads: safe from anywhere after configure(). Hot paths count (base/metrics.h), they do not log.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/result.h"

namespace varve::log {

enum class Level : uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kOff };
enum class Format : uint8_t { kText, kJson };

struct Options {
  Level level = Level::kInfo;
  Format format = Format::kText;
  std::string file;  ///< Empty: standard error.
};

/// "trace", "debug", "info", "warn", "error", "off".
Result<Level> parse_level(std::string_view text);

/// Applies the options to the whole process. Before the first call: info, text, standard error.
Result<void> configure(const Options& options);

/// One fact of an event. Views are read during the call only.
struct Fact {
  using Value = std::variant<int64_t, uint64_t, double, bool, std::string_view>;

  template <class T>
    requires std::is_integral_v<T>
  Fact(std::string_view fact_name, T fact_value) : name(fact_name), value(widen(fact_value)) {}
  Fact(std::string_view fact_name, double fact_value) : name(fact_name), value(fact_value) {}
  Fact(std::string_view fact_name, std::string_view fact_value)
      : name(fact_name), value(fact_value) {}
  Fact(std::string_view fact_name, const char* fact_value)
      : name(fact_name), value(std::string_view(fact_value)) {}
  Fact(std::string_view fact_name, const std::string& fact_value)
      : name(fact_name), value(std::string_view(fact_value)) {}

  std::string_view name;
  Value value;

 private:
  template <class T>
  static Value widen(T value) {
    if constexpr (std::is_same_v<T, bool>) return Value(value);
    else if constexpr (std::is_signed_v<T>) return Value(static_cast<int64_t>(value));
    else return Value(static_cast<uint64_t>(value));
  }
};

bool enabled(Level level);
void write(Level level, std::string_view event, std::initializer_list<Fact> facts);

inline void debug(std::string_view event, std::initializer_list<Fact> facts = {}) {
  if (enabled(Level::kDebug)) write(Level::kDebug, event, facts);
}
inline void info(std::string_view event, std::initializer_list<Fact> facts = {}) {
  if (enabled(Level::kInfo)) write(Level::kInfo, event, facts);
}
inline void warn(std::string_view event, std::initializer_list<Fact> facts = {}) {
  if (enabled(Level::kWarn)) write(Level::kWarn, event, facts);
}
inline void error(std::string_view event, std::initializer_list<Fact> facts = {}) {
  if (enabled(Level::kError)) write(Level::kError, event, facts);
}

}  // namespace varve::log
