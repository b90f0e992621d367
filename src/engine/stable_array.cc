// SPDX-License-Identifier: Apache-2.0
#include "engine/stable_array.h"

#include <cstdlib>
#include <utility>

namespace varve::engine {

PartTable::~PartTable() {
  for (char* part : replaced_) std::free(part);
  const Directory* directory = directory_.load(std::memory_order_relaxed);
  if (directory == nullptr) return;
  for (size_t i = 0; i < directory->size; ++i) std::free(get(i).data);
}

PartTable::Part PartTable::allocate(size_t size_bytes, size_t capacity, unsigned width_log2) {
  CHECK(std::has_single_bit(capacity) && capacity <= kPartElements && width_log2 < 4);
  const size_t rounded = (size_bytes + 63) / 64 * 64;
  char* data = static_cast<char*>(std::aligned_alloc(64, rounded));
  CHECK(data != nullptr);
  std::memset(data, 0, rounded);
  return {.data = data, .capacity = capacity, .width_log2 = width_log2};
}

void PartTable::put(size_t number, const Part& part, size_t size_bytes) {
  const Directory* directory = directory_.load(std::memory_order_relaxed);
  if (directory == nullptr || number >= directory->size) {
    auto grown = std::make_unique<Directory>();
    grown->size = std::bit_ceil(number + 1);
    grown->parts = std::make_unique<std::atomic<uintptr_t>[]>(grown->size);
    for (size_t i = 0; directory != nullptr && i < directory->size; ++i) {
      grown->parts[i].store(directory->parts[i].load(std::memory_order_relaxed),
                            std::memory_order_relaxed);
    }
    size_bytes_ += sizeof(Directory) + grown->size * sizeof(uintptr_t);
    directory_.store(grown.get(), std::memory_order_release);
    directories_.push_back(std::move(grown));
    directory = directories_.back().get();
  }
  if (char* replaced = get(number).data) replaced_.push_back(replaced);
  size_bytes_ += (size_bytes + 63) / 64 * 64;
  const auto tag = static_cast<uintptr_t>(std::countr_zero(part.capacity)) << 2 | part.width_log2;
  directory->parts[number].store(reinterpret_cast<uintptr_t>(part.data) | tag,
                                 std::memory_order_release);
}

}  // namespace varve::engine
