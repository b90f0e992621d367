// SPDX-License-Identifier: Apache-2.0
// The numbers that name things. They come from the catalog and are never used again, so that
// dropping and creating under the same name brings nothing back.
#pragma once

#include <compare>
#include <cstdint>
#include <type_traits>

namespace varve {

enum class DatabaseId : uint32_t {};
enum class PolicyId : uint32_t {};
enum class TableId : uint32_t {};
/// Unique inside its table; a typed variant of a field has an id of its own.
enum class ColumnId : uint32_t {};
enum class SegmentId : uint32_t {};
/// Order of arrival in one shard of this node. Starts at 1.
enum class Lsn : uint64_t {};

/// Names one write request for retries and replays.
struct BatchId {
  uint64_t high = 0;
  uint64_t low = 0;
  friend auto operator<=>(const BatchId&, const BatchId&) = default;
};

/// Decides which of two rows wins: the higher. Hybrid logical clock (nanoseconds), then node.
/// All zero: not assigned yet; the shard that accepts the write then assigns it.
struct Version {
  uint64_t clock = 0;
  uint16_t node = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
};

template <class Id>
  requires std::is_enum_v<Id>
constexpr auto raw(Id id) {
  return static_cast<std::underlying_type_t<Id>>(id);
}

}  // namespace varve
