// SPDX-License-Identifier: Apache-2.0
// A set of dense series ids as bits, in parts that stand where the index has its parts. A part
// without a series takes no memory.
// Threads: one owner.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/stable_array.h"

namespace varve::engine {

/// Dense number of a series inside one table of this process.
enum class SeriesId : uint32_t {};

class SeriesBits {
 public:
  static constexpr size_t kPartSeries = PartTable::kPartElements;
  using Words = std::array<uint64_t, kPartSeries / 64>;

  bool has(SeriesId id) const {
    const Words* words = part(number_of(id));
    return words != nullptr && ((*words)[word_of(id)] >> (bit_of(id)) & 1) != 0;
  }
  void add(SeriesId id) { part_to_write(number_of(id))[word_of(id)] |= uint64_t{1} << bit_of(id); }
  void remove(SeriesId id) {
    if (has(id)) (*parts_[number_of(id)])[word_of(id)] &= ~(uint64_t{1} << bit_of(id));
  }
  void add_all(const SeriesBits& other);
  void remove_all(const SeriesBits& other);

  size_t part_count() const { return parts_.size(); }
  /// Null: no series.
  const Words* part(size_t number) const {
    return number < parts_.size() ? parts_[number].get() : nullptr;
  }
  Words& part_to_write(size_t number);

  size_t count() const;
  /// Calls visit(id) by rising id.
  template <class Visit>
  void visit(const Visit& visit) const {
    for (size_t number = 0; number < parts_.size(); ++number) {
      if (!parts_[number]) continue;
      for (size_t word = 0; word < parts_[number]->size(); ++word) {
        for (uint64_t bits = (*parts_[number])[word]; bits != 0; bits &= bits - 1) {
          const size_t bit = static_cast<size_t>(std::countr_zero(bits));
          visit(SeriesId{static_cast<uint32_t>(number * kPartSeries + word * 64 + bit)});
        }
      }
    }
  }
  size_t size_bytes() const;

 private:
  static size_t number_of(SeriesId id) { return static_cast<uint32_t>(id) / kPartSeries; }
  static size_t word_of(SeriesId id) { return static_cast<uint32_t>(id) % kPartSeries / 64; }
  static size_t bit_of(SeriesId id) { return static_cast<uint32_t>(id) % 64; }

  std::vector<std::unique_ptr<Words>> parts_;
};

}  // namespace varve::engine
