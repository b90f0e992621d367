// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/tag_values.h"

#include <cstring>

#include "base/bytes.h"
#include "base/checksum.h"
#include "model/value.h"

namespace varve::engine {
namespace {

std::string key_prefix_of(ColumnId id) {
  std::string prefix;
  ByteWriter writer(prefix);
  writer.varint(raw(id));
  writer.u8(static_cast<uint8_t>(ValueType::kString));
  return prefix;
}

}  // namespace

TagValues::TagValues(ColumnId id, uint64_t seed)
    : id_(id), seed_(seed), key_prefix_(key_prefix_of(id)) {
  measure();
}

uint32_t TagValues::hash_of(std::string_view text) const {
  return static_cast<uint32_t>(hash128_seeded(text, seed_).low);
}

std::string_view TagValues::text(uint32_t value_id) const {
  const uint64_t place = places_.get(value_id);
  const auto* bytes = reinterpret_cast<const char*>(words_.at(place, place + 1));
  const auto size = static_cast<uint8_t>(*bytes);
  if (size != kLong) return {bytes + 1, size};
  const LongText* text = nullptr;
  std::memcpy(&text, bytes + 1, sizeof text);
  return text->text;
}

uint32_t TagValues::find_here(std::string_view text, uint32_t hash) const {
  const uint32_t found =
      by_text_.find(hash, [&](uint32_t value_id) { return this->text(value_id) == text; });
  return found == IdTable::kNone ? 0 : found;
}

uint32_t TagValues::find(std::string_view text) const {
  const uint32_t hash = hash_of(text);
  const MutexLock lock(mutex_);
  index_texts_here();
  return find_here(text, hash);
}

Result<uint32_t> TagValues::put(std::string_view text) {
  constexpr size_t kPart = StableArray<uint32_t>::kPartElements;
  const bool is_long = text.size() >= kLong;
  const size_t bytes = 1 + (is_long ? sizeof(LongText*) : text.size());
  const size_t words = (bytes + sizeof(uint32_t) - 1) / sizeof(uint32_t);
  uint64_t place = word_count_;
  if (place % kPart + words > kPart) place = (place / kPart + 1) * kPart;
  if (place + words > UINT32_MAX) {
    return fail(ErrorCode::kTooLarge, "tag column " + std::to_string(raw(id_)) +
                                          " has no room for more distinct values");
  }
  auto* out = reinterpret_cast<char*>(words_.to_write(place, place + words));
  if (is_long) {
    long_texts_.push_back(std::make_unique<LongText>(LongText{std::string(text)}));
    long_bytes_ += sizeof(LongText) + text.size() + 32;
    const LongText* kept = long_texts_.back().get();
    *out = static_cast<char>(kLong);
    std::memcpy(out + 1, &kept, sizeof kept);
  } else {
    *out = static_cast<char>(text.size());
    std::memcpy(out + 1, text.data(), text.size());
  }
  word_count_ = place + words;
  return static_cast<uint32_t>(place);
}

void TagValues::prefetch(std::string_view text) const NO_THREAD_SAFETY_ANALYSIS {
  if (!is_indexed_.load(std::memory_order_acquire)) return;
  constexpr uint32_t kNearMax = 4'096;
  if (value_count_.load(std::memory_order_relaxed) > kNearMax) by_text_.prefetch(hash_of(text));
}

// The writer alone changes the table, so it may read without the lock.
Result<uint32_t> TagValues::find_or_add(std::string_view text) NO_THREAD_SAFETY_ANALYSIS {
  if (!is_indexed_.load(std::memory_order_acquire)) index_texts();
  const uint32_t hash = hash_of(text);
  if (const uint32_t known = find_here(text, hash)) return known;
  const uint32_t value_id = value_count_.load(std::memory_order_relaxed) + 1;
  places_.set(value_id, TRY(put(text)));
  const MutexLock lock(mutex_);
  by_text_.add(hash, value_id);
  value_count_.store(value_id, std::memory_order_release);
  return value_id;
}

Result<void> TagValues::load_text(std::string_view text) {
  const uint32_t value_id = value_count_.load(std::memory_order_relaxed) + 1;
  places_.set(value_id, TRY(put(text)));
  value_count_.store(value_id, std::memory_order_release);
  is_indexed_.store(false, std::memory_order_relaxed);
  return {};
}

void TagValues::index_texts() const {
  const MutexLock lock(mutex_);
  index_texts_here();
}

// The writer adds no value meanwhile: it would look for it first.
void TagValues::index_texts_here() const {
  if (is_indexed_.load(std::memory_order_relaxed)) return;
  const uint32_t count = value_count();
  std::vector<uint32_t> hashes(count);
  for (uint32_t id = 1; id <= count; ++id) hashes[id - 1] = hash_of(text(id));
  by_text_.fill(hashes, 1);
  by_text_bytes_.store(by_text_.size_bytes(), std::memory_order_relaxed);
  is_indexed_.store(true, std::memory_order_release);
}

void TagValues::measure() {
  size_bytes_.store(sizeof(*this) + value_ids_.size_bytes() + words_.size_bytes() +
                        places_.size_bytes() + long_bytes_,
                    std::memory_order_relaxed);
  if (!is_indexed_.load(std::memory_order_acquire)) return;
  by_text_bytes_.store(by_text_.size_bytes(), std::memory_order_relaxed);
}

}  // namespace varve::engine
