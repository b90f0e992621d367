// SPDX-License-Identifier: Apache-2.0
// Rows as a protocol names them, before any schema: what a codec gives to `ingest`.
//
// Made for speed: the key (measurement and tags, as sent) stays one opaque view; only a key that
// nobody has seen before is taken apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/value.h"

namespace varve {

struct PointField {
  std::string_view name;  ///< Unescaped.
  ValueType type = ValueType::kFloat64;
  union {
    double f64 = 0;
    int64_t i64;
    uint64_t u64;
    bool boolean;
  };
  std::string_view text;  ///< Of kString; unescaped.
};

struct Point {
  std::string_view raw_key;   ///< As sent. Equal bytes mean the same series of the same table.
  std::string_view line;      ///< What an error message quotes.
  uint32_t line_index = 0;    ///< Counts from 0 over the request; orders the errors.
  uint32_t fields_begin = 0;  ///< Its fields are PointChunk::fields[fields_begin, fields_end).
  uint32_t fields_end = 0;
  /// Points of one source with the same number have fields of the same names and types in the same
  /// order. 0 says nothing.
  uint32_t shape = 0;
  int64_t time_ns = 0;
};

/// A few hundred points at a time, so that they stay in the cache. Views are valid until the next
/// call of PointSource::next.
struct PointChunk {
  std::vector<Point> points;
  std::vector<PointField> fields;
};

/// A key taken apart. The views live as long as the source's current chunk.
struct PointKey {
  std::string_view table;
  /// Sorted by name, no name twice, unescaped, no empty value.
  std::vector<std::pair<std::string_view, std::string_view>> tags;
};

/// A request body that can be read as points. Owns (or pins) the bytes.
/// Threads: one at a time, not always the same.
class PointSource {
 public:
  virtual ~PointSource() = default;
  /// Fills the chunk; false when there are no more points. A point that does not parse is recorded
  /// as an error and left out.
  virtual bool next(PointChunk& chunk) = 0;
  /// Whether raw keys are those of the line protocol: a measurement, then ",name=value" for each
  /// tag, with backslashes before what would mean something else.
  virtual bool keys_are_lines() const { return false; }
  /// Takes a key apart; an error when it is malformed.
  virtual Result<PointKey> parse_key(std::string_view raw_key) = 0;
  /// Records an error for a point that next() gave out (its key turned out to be malformed).
  virtual void reject(const Point& point, const Error& error) = 0;
  /// Starts over, errors forgotten.
  virtual void rewind() = 0;
  /// Every recorded error, in order of lines, worded for the client, joined by newlines; empty
  /// when all parsed.
  virtual std::string errors() const = 0;
  /// About how many bytes its points take, here and as rows alike; 0: not worth counting.
  virtual size_t size_bytes() const { return 0; }
};

}  // namespace varve
