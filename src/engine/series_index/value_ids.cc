// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/value_ids.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace varve::engine {
namespace {

constexpr size_t kCapacityMin = 16;

unsigned width_log2_of(uint32_t value_id) {
  return value_id <= UINT8_MAX ? 0 : value_id <= UINT16_MAX ? 1 : 2;
}

template <class To, class From>
void copy_cells(char* to, const char* from, size_t count) {
  const auto* cells = reinterpret_cast<const From*>(from);
  std::copy(cells, cells + count, reinterpret_cast<To*>(to));
}

// To the same width or a greater one.
void copy_part(char* to, unsigned to_width_log2, const char* from, unsigned from_width_log2,
               size_t count) {
  if (to_width_log2 == from_width_log2) {
    std::memcpy(to, from, count << to_width_log2);
  } else if (from_width_log2 == 1) {
    copy_cells<uint32_t, uint16_t>(to, from, count);
  } else if (to_width_log2 == 1) {
    copy_cells<uint16_t, uint8_t>(to, from, count);
  } else {
    copy_cells<uint32_t, uint8_t>(to, from, count);
  }
}

// The lowest and the highest value that is not 0.
template <class T>
void widen(const char* bytes, size_t count, uint32_t& value_min, uint32_t& value_max) {
  const auto* cells = reinterpret_cast<const T*>(bytes);
  for (size_t i = 0; i < count; ++i) {
    const uint32_t value = cells[i];
    value_max = std::max(value_max, value);
    // One below 0 is above all others.
    value_min = std::min(value_min, value - 1);
  }
}

}  // namespace

ValueIds::Part ValueIds::part(size_t number) const {
  const auto part = parts_.get(number);
  if (part.data == nullptr) return {};
  const auto* header = reinterpret_cast<const Header*>(part.data);
  return {.cells = part.data + sizeof(Header),
          .count = part.capacity,
          .width_log2 = part.width_log2,
          .value_min = header->value_min.load(std::memory_order_relaxed),
          .value_max = header->value_max.load(std::memory_order_relaxed)};
}

PartTable::Part ValueIds::part_to_write(size_t number, size_t offset, uint32_t value_id) {
  const auto part = parts_.get(number);
  if (offset < part.capacity && width_log2_of(value_id) <= part.width_log2) return part;
  size_t capacity = part.capacity;
  if (offset >= capacity) {
    capacity = number > 0 ? kPartSeries : std::bit_ceil(std::max(offset + 1, kCapacityMin));
  }
  // A new part begins as wide as the tag's values are by now: it need not be copied later.
  const unsigned width_log2 = width_log2_of(std::max(value_id, value_highest_));
  const size_t bytes = sizeof(Header) + (capacity << width_log2);
  const auto grown = PartTable::allocate(bytes, capacity, width_log2);
  auto* header = new (grown.data) Header;
  if (part.data != nullptr) {
    const auto* old = reinterpret_cast<const Header*>(part.data);
    header->value_min.store(old->value_min.load(std::memory_order_relaxed));
    header->value_max.store(old->value_max.load(std::memory_order_relaxed));
    copy_part(grown.data + sizeof(Header), width_log2, part.data + sizeof(Header),
              part.width_log2, part.capacity);
  }
  parts_.put(number, grown, bytes);
  return grown;
}

void ValueIds::load(size_t begin, size_t count, const char* cells, uint32_t value_count) {
  const size_t offset = begin % kPartSeries;
  CHECK(count > 0 && offset + count <= kPartSeries);
  value_highest_ = value_count;
  const auto part = part_to_write(begin / kPartSeries, offset + count - 1, value_count);
  CHECK(part.width_log2 == width_log2_of(value_count));
  char* to = part.data + sizeof(Header) + (offset << part.width_log2);
  std::memcpy(to, cells, count << part.width_log2);
  auto* header = reinterpret_cast<Header*>(part.data);
  uint32_t value_min = header->value_min.load(std::memory_order_relaxed) - 1;
  uint32_t value_max = header->value_max.load(std::memory_order_relaxed);
  switch (part.width_log2) {
    case 0: widen<uint8_t>(to, count, value_min, value_max); break;
    case 1: widen<uint16_t>(to, count, value_min, value_max); break;
    default: widen<uint32_t>(to, count, value_min, value_max);
  }
  header->value_min.store(value_min + 1, std::memory_order_relaxed);
  header->value_max.store(value_max, std::memory_order_relaxed);
}

void ValueIds::set(size_t index, uint32_t value_id) {
  const size_t offset = index % kPartSeries;
  const auto part = part_to_write(index / kPartSeries, offset, value_id);
  value_highest_ = std::max(value_highest_, value_id);
  auto* header = reinterpret_cast<Header*>(part.data);
  const uint32_t value_min = header->value_min.load(std::memory_order_relaxed);
  if (value_min == 0 || value_id < value_min) {
    header->value_min.store(value_id, std::memory_order_relaxed);
  }
  if (value_id > header->value_max.load(std::memory_order_relaxed)) {
    header->value_max.store(value_id, std::memory_order_relaxed);
  }
  char* cells = part.data + sizeof(Header);
  switch (part.width_log2) {
    case 0: reinterpret_cast<uint8_t*>(cells)[offset] = static_cast<uint8_t>(value_id); break;
    case 1: reinterpret_cast<uint16_t*>(cells)[offset] = static_cast<uint16_t>(value_id); break;
    default: reinterpret_cast<uint32_t*>(cells)[offset] = value_id;
  }
}

}  // namespace varve::engine
