// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/id_table.h"

#include <algorithm>
#include <array>
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

// One part after the other: all of them are larger than the caches.
void IdTable::fill(std::span<const uint32_t> hashes, uint32_t first) {
  CHECK(parts_.empty() && hashes.size() < kNone - first);
  if (hashes.size() <= kOnePartMax) {
    for (const uint32_t hash : hashes) add(hash, first++);
    return;
  }
  std::array<uint32_t, kParts + 1> begins{};
  for (const uint32_t hash : hashes) ++begins[(hash >> 24) + 1];
  for (size_t i = 1; i <= kParts; ++i) begins[i] += begins[i - 1];
  std::array<uint32_t, kParts> next;
  std::copy_n(begins.begin(), kParts, next.begin());
  const std::unique_ptr<uint64_t[]> entries(new uint64_t[hashes.size()]);
  for (const uint32_t hash : hashes) entries[next[hash >> 24]++] = uint64_t{hash} << 32 | ++first;
  size_bytes_ = kParts * sizeof(Part);
  parts_.resize(kParts);
  for (size_t i = 0; i < kParts; ++i) {
    const uint32_t count = begins[i + 1] - begins[i];
    grow(parts_[i], count + count / 3 + kCapacityMin);
    for (uint32_t e = begins[i]; e < begins[i + 1]; ++e) place(parts_[i], entries[e]);
  }
}

}  // namespace varve::engine
