// SPDX-License-Identifier: Apache-2.0
// The key of a line: where it ends, and what it says.
// Source: InfluxDB 1.x, models.scanKey.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "codec/text_arena.h"
#include "model/points.h"

namespace varve::line_protocol {

/// Of measurement and tags as sent; also of key, separator and field name together.
inline constexpr size_t kKeyBytesMax = 65'535;
/// What the store puts between a series key and a field name; part of the limit above.
inline constexpr size_t kFieldSeparatorBytes = 4;

/// The first byte that ends a key: a space without a backslash before it, or a newline.
struct KeyEnd {
  const char* end = nullptr;
  /// A space ends it, and no backslash follows another, so that every view of what is escaped
  /// agrees.
  bool plain = false;
};

/// Finds the end of the key that starts at `line`, by the widest vectors that this machine has.
/// Requires a newline at or after `line`; reads up to 63 bytes beyond it.
KeyEnd find_key_end(const char* line);

/// The same, on the given path; for tests. Null where this machine lacks it.
using FindKeyEnd = KeyEnd (*)(const char* line);
struct KeyEndPaths {
  FindKeyEnd portable = nullptr;
  FindKeyEnd sse2 = nullptr;
  FindKeyEnd avx2 = nullptr;
  FindKeyEnd avx512 = nullptr;
};
KeyEndPaths key_end_paths();

/// Checks the key at the start of `line`, tags included, and returns its length: the place of the
/// space that ends it. Requires no blank at the start.
Result<size_t> check_key(std::string_view line, TextArena& arena);

/// Takes a whole key apart. Unescaped text lives in the arena.
Result<PointKey> parse_key(std::string_view raw_key, TextArena& arena);

}  // namespace varve::line_protocol
