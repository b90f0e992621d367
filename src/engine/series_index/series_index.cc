// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/series_index.h"

#include <algorithm>

#include "base/check.h"

namespace varve::engine {

SeriesIndex::~SeriesIndex() {
  for (uint32_t i = 0; i < tag_count_.load(); ++i) delete tags_.get(i);
}

// The writer is the only one who changes the slots, so it may read them without the lock.
std::optional<SeriesId> SeriesIndex::find_as_writer(const KeyHash& hash) const
    NO_THREAD_SAFETY_ANALYSIS {
  if (slots_.empty()) return std::nullopt;
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash.low & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) return std::nullopt;
    const SeriesId id{slots_[slot] - 1};
    if (hashes_.get(raw(id)) == hash) return id;
  }
}

std::optional<SeriesId> SeriesIndex::find(const KeyHash& hash) const {
  const MutexLock lock(mutex_);
  return find_as_writer(hash);
}

void SeriesIndex::add_to_slots(const KeyHash& hash, uint32_t id) {
  const auto place = [this](const KeyHash& key_hash, uint32_t series) {
    const size_t mask = slots_.size() - 1;
    size_t slot = key_hash.low & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = series + 1;
  };
  // At most two thirds full.
  if ((id + 1) * size_t{3} > slots_.size() * 2) {
    slots_.assign(std::max<size_t>(8, slots_.size() * 2), 0);
    for (uint32_t i = 0; i < id; ++i) place(hashes_.get(i), i);
  }
  place(hash, id);
}

TagValues& SeriesIndex::tag_to_write(ColumnId id) {
  const uint32_t count = tag_count_.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < count; ++i) {
    if (TagValues* tag = tags_.get(i); tag->id() == id) return *tag;
  }
  auto* tag = new TagValues(id, seed_);
  tags_.set(count, tag);
  tag_count_.store(count + 1, std::memory_order_release);
  return *tag;
}

Result<SeriesId> SeriesIndex::add(const KeyHash& hash, std::string_view key) {
  if (const auto known = find_as_writer(hash)) {
    if (keys_.get(raw(*known)) == key) return *known;
    return fail(ErrorCode::kConflict,
                "two series keys have the same hash; the second one is refused, its key has " +
                    std::to_string(key.size()) + " bytes");
  }
  const std::string_view kept = key_bytes_.add(key);
  const auto cells = TRY(decode_series_key(kept));
  const uint32_t id = series_count_.load(std::memory_order_relaxed);
  CHECK(id < UINT32_MAX - 1);
  for (const KeyCell& cell : cells) {
    TagValues& tag = tag_to_write(cell.column);
    uint32_t value_id = 0;
    if (const auto found = tag.text_ids_.find(cell.text); found != tag.text_ids_.end()) {
      value_id = found->second;
    } else {
      value_id = tag.value_count_.load(std::memory_order_relaxed) + 1;
      tag.texts_.set(value_id, cell.text);
      const MutexLock lock(mutex_);
      tag.text_ids_.emplace(cell.text, value_id);
      tag.value_count_.store(value_id, std::memory_order_release);
    }
    tag.value_ids_.set(id, value_id);
  }
  hashes_.set(id, hash);
  keys_.set(id, kept);
  const MutexLock lock(mutex_);
  add_to_slots(hash, id);
  series_count_.store(id + 1, std::memory_order_release);
  return SeriesId{id};
}

const TagValues* SeriesIndex::tag(ColumnId id) const {
  const uint32_t count = tag_count_.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < count; ++i) {
    if (const TagValues* tag = tags_.get(i); tag->id() == id) return tag;
  }
  return nullptr;
}

std::vector<ColumnId> SeriesIndex::tag_ids() const {
  std::vector<ColumnId> ids;
  const uint32_t count = tag_count_.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < count; ++i) ids.push_back(tags_.get(i)->id());
  std::ranges::sort(ids);
  return ids;
}

uint32_t SeriesIndex::value_id(const TagValues& tag, std::string_view text) const {
  const MutexLock lock(mutex_);
  const auto found = tag.text_ids_.find(text);
  return found == tag.text_ids_.end() ? 0 : found->second;
}

std::shared_ptr<const std::vector<SeriesId>> SeriesIndex::by_hash() const {
  std::shared_ptr<const std::vector<SeriesId>> known;
  {
    const MutexLock lock(mutex_);
    known = by_hash_;
  }
  const uint32_t count = series_count();
  if (known && known->size() == count) return known;
  // Most series are known in order: sort the new ones and merge.
  auto order = std::make_shared<std::vector<SeriesId>>();
  order->reserve(count);
  if (known) *order = *known;
  const size_t sorted = order->size();
  for (uint32_t i = static_cast<uint32_t>(sorted); i < count; ++i) order->push_back(SeriesId{i});
  const auto less = [this](SeriesId a, SeriesId b) { return hash(a) < hash(b); };
  const auto middle = order->begin() + static_cast<ptrdiff_t>(sorted);
  std::sort(middle, order->end(), less);
  std::inplace_merge(order->begin(), middle, order->end(), less);
  const MutexLock lock(mutex_);
  if (!by_hash_ || by_hash_->size() < order->size()) by_hash_ = order;
  return order;
}

size_t SeriesIndex::size_bytes() const {
  size_t bytes = sizeof(*this) + hashes_.size_bytes() + keys_.size_bytes() +
                 key_bytes_.size_bytes();
  for (uint32_t i = 0; i < tag_count_.load(std::memory_order_acquire); ++i) {
    const TagValues* tag = tags_.get(i);
    bytes += sizeof(*tag) + tag->value_ids_.size_bytes() + tag->texts_.size_bytes() +
             size_t{tag->value_count()} * 48;
  }
  const MutexLock lock(mutex_);
  return bytes + slots_.capacity() * sizeof(uint32_t) +
         (by_hash_ ? by_hash_->capacity() * sizeof(SeriesId) : 0);
}

}  // namespace varve::engine
