// SPDX-License-Identifier: Apache-2.0
// The configuration of one process: what each key is set to, and where that came from.
//
//   defaults  <  TOML file  <  VARVE__SECTION__KEY  <  flags
//
// Read once at the start, then turned into each room's options (varve/options.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "varve/config_key.h"

namespace varve {

/// Threads: one owner.
class Config {
 public:
  /// Every key at its default.
  Config();

  /// Takes what a TOML document sets. `name` stands in errors and sources. An unknown section or
  /// key, or a value out of its range, is refused with its line.
  Result<void> read_toml(std::string_view text, std::string_view name);
  /// Takes VARVE__SECTION__KEY of "NAME=value" entries, and HYPERBYTEDB__SECTION__KEY for keys that
  /// exist here; the former wins. An unknown VARVE__ name is refused.
  Result<void> read_environment(const std::vector<std::string>& entries);
  /// One key by its path, "server.http_addr". `source` is what show() says about it.
  Result<void> set(std::string_view path, std::string_view text, std::string source);

  /// Requires that the key exists and has that kind.
  const std::string& text(std::string_view path) const;
  int64_t integer(std::string_view path) const;  ///< Of kInteger and kBytes.
  int64_t duration_ms(std::string_view path) const;
  bool boolean(std::string_view path) const;

  /// All of it as TOML with comments; reading it back gives the same configuration, but for
  /// secrets, which are not shown.
  std::string show() const;

 private:
  struct Setting {
    ConfigValue value;
    std::string source;
  };
  const Setting& setting(std::string_view path, ConfigKind kind) const;

  std::vector<Setting> settings_;  // settings_[i] belongs to config_keys()[i].
};

}  // namespace varve
