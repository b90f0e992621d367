// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/hash_order.h"

#include <algorithm>
#include <bit>

namespace varve::engine {
namespace {

constexpr auto kLess = [](const HashedSeries& a, const HashedSeries& b) { return a.hash < b.hash; };
// Fewer are sorted at once; more are dealt into buckets of about so many first.
constexpr size_t kBucketSeries = 256;

}  // namespace

void sort_by_hash(std::vector<HashedSeries>& series) {
  if (series.size() <= 4 * kBucketSeries) {
    std::ranges::sort(series, kLess);
    return;
  }
  const int bits = std::bit_width(series.size() / kBucketSeries);
  const auto bucket_of = [&](const HashedSeries& s) { return s.hash.high >> (64 - bits); };
  std::vector<size_t> ends((size_t{1} << bits) + 1);
  for (const HashedSeries& s : series) ++ends[bucket_of(s) + 1];
  for (size_t bucket = 1; bucket < ends.size(); ++bucket) ends[bucket] += ends[bucket - 1];
  std::vector<HashedSeries> dealt(series.size());
  std::vector<size_t> next(ends.begin(), ends.end() - 1);
  for (const HashedSeries& s : series) dealt[next[bucket_of(s)]++] = s;
  for (size_t bucket = 0; bucket + 1 < ends.size(); ++bucket) {
    std::sort(dealt.begin() + static_cast<ptrdiff_t>(ends[bucket]),
              dealt.begin() + static_cast<ptrdiff_t>(ends[bucket + 1]), kLess);
  }
  series = std::move(dealt);
}

}  // namespace varve::engine
