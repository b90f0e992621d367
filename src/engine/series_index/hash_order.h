// SPDX-License-Identifier: Apache-2.0
// Series in order of their hashes, in time linear to their number: hashes are evenly spread.
// Threads: safe anywhere.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/checksum.h"
#include "engine/series_index/series_bits.h"

namespace varve::engine {

struct HashedSeries {
  Hash128 hash;
  SeriesId id{};
};

void sort_by_hash(std::vector<HashedSeries>& series);

/// `known` in order of hash, with `added` (in order of hash) put in between. hash_of(id) is asked
/// about few of `known`.
template <class HashOf>
std::vector<SeriesId> merge_by_hash(std::span<const SeriesId> known,
                                    std::span<const HashedSeries> added, const HashOf& hash_of) {
  std::vector<SeriesId> merged;
  merged.reserve(known.size() + added.size());
  size_t begin = 0;
  for (const HashedSeries& series : added) {
    // Gallops: the next place is not far when many are added, and found by halves when few are.
    size_t step = 1;
    size_t first = begin;
    size_t last = begin;
    while (last < known.size() && hash_of(known[last]) < series.hash) {
      first = last + 1;
      last += step;
      step *= 2;
    }
    last = last < known.size() ? last : known.size();
    while (first < last) {
      const size_t middle = first + (last - first) / 2;
      if (hash_of(known[middle]) < series.hash) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    merged.insert(merged.end(), known.begin() + static_cast<ptrdiff_t>(begin),
                  known.begin() + static_cast<ptrdiff_t>(first));
    merged.push_back(series.id);
    begin = first;
  }
  merged.insert(merged.end(), known.begin() + static_cast<ptrdiff_t>(begin), known.end());
  return merged;
}

}  // namespace varve::engine
