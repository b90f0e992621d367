// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/series_bits.h"

namespace varve::engine {

SeriesBits::Words& SeriesBits::part_to_write(size_t number) {
  if (number >= parts_.size()) parts_.resize(number + 1);
  if (!parts_[number]) parts_[number] = std::make_unique<Words>();
  return *parts_[number];
}

void SeriesBits::add_all(const SeriesBits& other) {
  for (size_t number = 0; number < other.parts_.size(); ++number) {
    if (!other.parts_[number]) continue;
    Words& words = part_to_write(number);
    for (size_t i = 0; i < words.size(); ++i) words[i] |= (*other.parts_[number])[i];
  }
}

void SeriesBits::remove_all(const SeriesBits& other) {
  for (size_t number = 0; number < parts_.size(); ++number) {
    const Words* removed = other.part(number);
    if (!parts_[number] || removed == nullptr) continue;
    for (size_t i = 0; i < removed->size(); ++i) (*parts_[number])[i] &= ~(*removed)[i];
  }
}

size_t SeriesBits::count() const {
  size_t count = 0;
  for (const auto& part : parts_) {
    if (!part) continue;
    for (const uint64_t word : *part) count += static_cast<size_t>(std::popcount(word));
  }
  return count;
}

size_t SeriesBits::size_bytes() const {
  size_t bytes = parts_.capacity() * sizeof(parts_.front());
  for (const auto& part : parts_) bytes += part ? sizeof(Words) : 0;
  return bytes;
}

}  // namespace varve::engine
