// SPDX-License-Identifier: Apache-2.0
// How the catalog's values are written and read: JSON behind a format digit. For the files that
// know what is in them.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace varve::record {

using nlohmann::json;

inline constexpr int64_t kIdMax = std::numeric_limits<uint32_t>::max();

/// Adds a JSON string; bytes that are no UTF-8, which JSON cannot hold, become {"hex":"ff00"}.
void append_text(std::string& out, std::string_view text);

/// The value with these members: `"name":"x","size":5`.
std::string object(std::string_view members);

template <class Id>
std::string id_text(Id id) {
  return std::to_string(raw(id));
}

/// One key and its value, taken apart; remembers the key for messages.
class Record {
 public:
  explicit Record(std::string_view key) : key_(key) {}

  tl::unexpected<Error> corrupt(std::string_view what) const;
  tl::unexpected<Error> missing(std::string_view name) const;

  /// The numbers after the prefix, as "7" or "7/9".
  Result<std::vector<uint32_t>> ids(std::string_view prefix, size_t id_count) const;
  Result<json> parse(std::string_view value) const;
  Result<std::string> text(const json& element) const;
  Result<std::string> text(const json& members, std::string_view name) const;
  Result<int64_t> number(const json& members, std::string_view name, int64_t min,
                         int64_t max) const;
  /// False when it is not there.
  Result<bool> flag(const json& members, std::string_view name) const;
  /// An array.
  Result<json> list(const json& members, std::string_view name) const;

 private:
  std::string_view key_;
};

}  // namespace varve::record
