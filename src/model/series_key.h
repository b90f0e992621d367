// SPDX-License-Identifier: Apache-2.0
// The identity of a series inside its table: its non-empty key cells in order of column id.
//
// Canonical bytes, part of the disk format (docs/formats/series_key.md): for each cell, in rising
// column id: varint column id, u8 ValueType, then for kString/kBytes a varint length and the bytes,
// for the others 8 bytes little-endian (kBool: 1 byte).
// Adding a tag to a table or renaming one changes no old key.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "base/result.h"
#include "model/ids.h"
#include "model/value.h"

namespace varve {

/// The hash of the empty key (a series without tags) is an ordinary hash.
using KeyHash = Hash128;

/// One series as others see it. `key` is borrowed: see who hands it out.
struct SeriesRef {
  KeyHash hash;
  std::string_view key;
};

/// One string cell of a key.
struct KeyCell {
  ColumnId column{};
  std::string_view text;
};

/// Encodes string cells (tags). Requires rising column ids and no empty text.
std::string encode_series_key(const std::vector<KeyCell>& cells);

/// Decodes string cells; the views point into `key`. kCorrupt when the bytes are no key. Cells of
/// other types are refused as kUnsupported until a table can have them.
Result<std::vector<KeyCell>> decode_series_key(std::string_view key);

/// The text of one tag in a key, or an empty view when it has none. `key` must be canonical.
std::string_view key_cell(std::string_view key, ColumnId column);

inline KeyHash series_key_hash(std::string_view key) { return hash128(key); }

/// Reads several cells of a key, asked for in rising order of their columns (one may be asked for
/// again). The views are of the key. Threads: one owner.
class KeyReader {
 public:
  explicit KeyReader(std::string_view key) : rest_(key) { step(); }
  /// The text of the cell; empty when the key has none, as key_cell().
  std::string_view text(ColumnId column) {
    while (is_at_cell_ && id_ < raw(column)) step();
    return is_at_cell_ && id_ == raw(column) ? text_ : std::string_view();
  }

 private:
  void step();

  std::string_view rest_;  // Behind the cell at which it stands.
  bool is_at_cell_ = false;
  uint64_t id_ = 0;
  std::string_view text_;
};

}  // namespace varve
