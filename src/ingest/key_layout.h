// SPDX-License-Identifier: Apache-2.0
// How a sender spells the keys of a table: text that they share, and between it values of tags.
//
//   cpu,host=  h1  ,region=  eu  ,rack=  7
//   └─ shared ┘    └ shared ┘    └shared┘
// A key spelt so becomes canonical bytes (model/series_key.h) without being taken apart. Two
// different keys of one layout are two series. For keys of the line protocol only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/snapshot.h"

namespace varve {

/// Threads: one owner.
class KeyLayout {
 public:
  static constexpr size_t kTagsMax = 64;
  static constexpr size_t kKeyBytesMax = 8 * 1024;

  /// The layout of a well-formed key of that table. Nothing when it has no tags, more than
  /// kTagsMax, a tag that the table lacks, or anything escaped.
  static std::optional<KeyLayout> of(std::string_view raw_key, const Table& table);

  /// The canonical bytes of a key that is spelt so, until the next call; empty when it is not, or
  /// not well-formed.
  std::string_view canonical(std::string_view raw_key);
  /// Whether the tags of the layout are still those columns.
  bool fits(const Table& table) const;

 private:
  struct Tag {
    std::string shared;  // What stands before the value.
    std::string name;
    ColumnId column{};
    std::array<char, 8> head{};  // Of the canonical cell: the column's id and the type.
    uint32_t head_size_bytes = 0;
  };

  std::vector<Tag> tags_;        // As they are sent.
  std::vector<uint32_t> order_;  // Of their columns.
  std::string key_;              // Scratch.
};

}  // namespace varve
