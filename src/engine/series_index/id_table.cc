// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/id_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace varve::engine {
namespace {

constexpr uint32_t kCapacityMin = 8;

}  // namespace

void IdTable::place(Part& part, uint64_t entry) {
  uint32_t slot = home(part, static_cast<uint32_t>(entry >> 32));
  while (part.slots[slot] != 0) slot = slot + 1 == part.capacity ? 0 : slot + 1;
  part.slots[slot] = entry;
  ++part.count;
}

void IdTable::grow(Part& part, uint32_t capacity) {
  Part grown{.slots = std::make_unique<uint64_t[]>(capacity), .capacity = capacity, .count = 0};
  for (uint32_t slot = 0; slot < part.capacity; ++slot) {
    if (part.slots[slot] != 0) place(grown, part.slots[slot]);
  }
  size_bytes_ += (capacity - part.capacity) * sizeof(uint64_t);
  part = std::move(grown);
}

void IdTable::split() {
  const Part whole = std::move(parts_.front());
  size_bytes_ = kParts * sizeof(Part);
  parts_.clear();
  parts_.resize(kParts);
  for (uint32_t slot = 0; slot < whole.capacity; ++slot) {
    const uint64_t entry = whole.slots[slot];
    if (entry != 0) add(static_cast<uint32_t>(entry >> 32), static_cast<uint32_t>(entry) - 1);
  }
}

void IdTable::add(uint32_t hash, uint32_t number) {
  CHECK(number < kNone);
  if (parts_.empty()) {
    parts_.resize(1);
    size_bytes_ = sizeof(Part);
  }
  if (parts_.size() == 1 && parts_.front().count >= kOnePartMax) split();
  Part& part = parts_[part_of(hash)];
  // At most four fifths full.
  if ((part.count + 1) * uint64_t{5} > part.capacity * uint64_t{4}) {
    grow(part, part.capacity + std::max(part.capacity / 4, kCapacityMin));
  }
  place(part, uint64_t{hash} << 32 | (number + 1));
}

void IdTable::reserve(size_t count) {
  if (count <= kOnePartMax) return;
  if (parts_.empty()) parts_.resize(1);
  if (parts_.size() == 1) split();
  const size_t each = count / kParts;
  for (Part& part : parts_) {
    const size_t wanted = (part.count + each) * 4 / 3 + kCapacityMin;
    if (wanted > part.capacity) grow(part, static_cast<uint32_t>(wanted));
  }
}

}  // namespace varve::engine
