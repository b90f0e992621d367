// SPDX-License-Identifier: Apache-2.0
// The schema of the configuration: one table of every key there is.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace varve {

enum class ConfigKind : uint8_t {
  kText,
  kInteger,
  kBytes,     ///< An integer, or a text such as "64MiB".
  kDuration,  ///< A text such as "1s", "500ms", "3m", "1h".
  kBoolean,
  kChoice,   ///< One of a few words.
  kAddress,  ///< "host:port", or "off".
};

struct ConfigKey {
  std::string_view section;
  std::string_view name;
  ConfigKind kind = ConfigKind::kText;
  std::string_view default_text;
  std::string_view doc;
  /// Both included. Of kInteger: its value; of kBytes: bytes; of kDuration: milliseconds.
  int64_t value_min = 0;
  int64_t value_max = std::numeric_limits<int64_t>::max();
  /// Of kChoice, separated by '|'.
  std::string_view choices = {};
  /// Never shown, and never part of a message.
  bool is_secret = false;

  /// "server.http_addr".
  std::string path() const;
};

/// By section, in the order in which people read them.
std::span<const ConfigKey> config_keys();

/// Null when there is none.
const ConfigKey* find_config_key(std::string_view section, std::string_view name);

/// The path of the key that looks most like a wrong one; empty when none is near.
std::string similar_config_key(std::string_view path);

/// kDuration is kept in milliseconds.
using ConfigValue = std::variant<bool, int64_t, std::string>;

/// Reads a value from a text (a flag, the environment, a default) or from a TOML value of the same
/// type. Errors: kInvalidInput, "<path> is <given>; it must be <what is allowed>".
Result<ConfigValue> parse_config_value(const ConfigKey& key, std::string_view text);
Result<ConfigValue> check_config_value(const ConfigKey& key, const ConfigValue& given);

/// As TOML: 12, true, "1s".
std::string config_value_text(const ConfigKey& key, const ConfigValue& value);

/// A TOML basic string.
std::string toml_quote(std::string_view text);

}  // namespace varve
