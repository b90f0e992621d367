// SPDX-License-Identifier: Apache-2.0
#include "ingest/raw_key_cache.h"

#include <utility>

#include "base/check.h"

namespace varve {
namespace {

constexpr size_t kSlotsMin = 1'024;
// So many stay in the processor's own cache.
constexpr size_t kCachedEntriesMax = 8'192;

}  // namespace

// Four steps, each over all hashes, so that the waits of one step overlap.
void RawKeyCache::prefetch(std::span<const Hash128> hashes) {
  const bool is_needed = wrong_guesses_ * 4 > hashes.size() && entries_.size() > kCachedEntriesMax;
  wrong_guesses_ = 0;
  if (!is_needed) return;
  const size_t mask = slots_.size() - 1;
  for (const Hash128& hash : hashes) __builtin_prefetch(&slots_[hash.low & mask]);
  for (const Hash128& hash : hashes) {
    const uint32_t entry = slots_[hash.low & mask].entry;
    if (entry != kNone) __builtin_prefetch(&entries_[entry]);
  }
  for (const Hash128& hash : hashes) {
    const uint32_t entry = slots_[hash.low & mask].entry;
    if (entry != kNone) __builtin_prefetch(&series_[entries_[entry].series]);
  }
  // The bytes of the key go into the batch.
  for (const Hash128& hash : hashes) {
    const uint32_t entry = slots_[hash.low & mask].entry;
    if (entry != kNone) __builtin_prefetch(series_[entries_[entry].series].key.data());
  }
}

CachedSeries* RawKeyCache::put(const Hash128& raw_hash, const Hash128& canonical_hash,
                               uint32_t table_index, std::string_view key) {
  const uint32_t canonical = probe(canonical_hash);
  uint32_t series = 0;
  // The canonical hash covers the table's number, so what it finds is a series of this table.
  if (canonical != kNone) {
    series = entries_[canonical].series;
    DCHECK(series_[series].key == key && series_[series].table_index == table_index);
  } else {
    series = add_series(table_index, key);
    add(canonical_hash, series);
  }
  const uint32_t known = probe(raw_hash);
  if (known != kNone) {
    entries_[known].series = series;
  } else {
    add(raw_hash, series);
    ++key_count_;
  }
  const uint32_t entry = known != kNone ? known : static_cast<uint32_t>(entries_.size() - 1);
  if (last_ != kNone) entries_[last_].next = entry;
  last_ = entry;
  return &series_[series];
}

CachedSeries* RawKeyCache::put_alike(const Hash128& raw_hash, uint32_t table_index,
                                     std::string_view key) {
  const uint32_t series = add_series(table_index, key);
  if (table_index >= alike_last_.size()) alike_last_.resize(table_index + 1, kNone);
  alike_before_.resize(series + 1, kNone);
  alike_before_[series] = std::exchange(alike_last_[table_index], series);
  const uint32_t entry = add(raw_hash, series);
  ++key_count_;
  if (last_ != kNone) entries_[last_].next = entry;
  last_ = entry;
  return &series_[series];
}

void RawKeyCache::index_canonical(uint32_t table_index, uint64_t seed) {
  if (table_index >= alike_last_.size()) return;
  uint32_t i = std::exchange(alike_last_[table_index], kNone);
  for (; i != kNone; i = alike_before_[i]) add(hash128_seeded(series_[i].key, seed), i);
}

void RawKeyCache::clear() { *this = RawKeyCache(); }

CachedSeries* RawKeyCache::find_slowly(const Hash128& hash) {
  ++wrong_guesses_;
  const uint32_t entry = probe(hash);
  if (entry == kNone) return nullptr;
  if (last_ != kNone) entries_[last_].next = entry;
  last_ = entry;
  return &series_[entries_[entry].series];
}

uint32_t RawKeyCache::probe(const Hash128& hash) const {
  if (slots_.empty()) return kNone;
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash.low & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.entry == kNone) return kNone;
    if (slot.tag == tag_of(hash) && entries_[slot.entry].hash == hash) return slot.entry;
  }
}

uint32_t RawKeyCache::add_series(uint32_t table_index, std::string_view key) {
  series_.push_back({.hash = series_key_hash(key), .key = keys_.add(key),
                     .table_index = table_index});
  return static_cast<uint32_t>(series_.size() - 1);
}

uint32_t RawKeyCache::add(const Hash128& hash, uint32_t series) {
  if ((entries_.size() + 1) * 2 > slots_.size()) grow();
  const auto entry = static_cast<uint32_t>(entries_.size());
  entries_.push_back({.hash = hash, .series = series});
  const size_t mask = slots_.size() - 1;
  size_t i = hash.low & mask;
  while (slots_[i].entry != kNone) i = (i + 1) & mask;
  slots_[i] = {tag_of(hash), entry};
  return entry;
}

void RawKeyCache::grow() {
  const size_t slot_count = slots_.empty() ? kSlotsMin : slots_.size() * 2;
  CHECK(slot_count <= (size_t{1} << 32));
  slots_.assign(slot_count, Slot{});
  const size_t mask = slot_count - 1;
  for (uint32_t entry = 0; entry < entries_.size(); ++entry) {
    size_t i = entries_[entry].hash.low & mask;
    while (slots_[i].entry != kNone) i = (i + 1) & mask;
    slots_[i] = {tag_of(entries_[entry].hash), entry};
  }
}

}  // namespace varve
