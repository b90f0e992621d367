// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/series_index.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "base/thread.h"
#include "engine/series_index/hash_order.h"

namespace varve::engine {
namespace {

size_t varint_bytes(uint64_t value) {
  size_t bytes = 1;
  while (value >>= 7) ++bytes;
  return bytes;
}

// Keys are compared as bytes, so that each has one form only.
size_t canonical_bytes(const std::vector<KeyCell>& cells) {
  size_t bytes = 0;
  for (const KeyCell& cell : cells) {
    bytes += varint_bytes(raw(cell.column)) + 1 + varint_bytes(cell.text.size()) + cell.text.size();
  }
  return bytes;
}

void append_varint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

// Takes `text` from the front of the key.
bool take(std::string_view& key, std::string_view text) {
  if (!key.starts_with(text)) return false;
  key.remove_prefix(text.size());
  return true;
}

bool take_varint(std::string_view& key, uint64_t value) {
  for (; value >= 0x80; value >>= 7) {
    const char byte = static_cast<char>(value | 0x80);
    if (!take(key, {&byte, 1})) return false;
  }
  const char byte = static_cast<char>(value);
  return take(key, {&byte, 1});
}

}  // namespace

// Senders choose keys, and the hash of a key has no seed.
// The upper bits, which choose the part of the table, follow the hash all the same: series that
// come in order of hash fill one part after the other.
uint32_t SeriesIndex::slot_hash(const KeyHash& hash) const {
  const uint64_t mixed = (hash.low ^ seed_) * 0x9e37'79b9'7f4a'7c15u + hash.high;
  return static_cast<uint32_t>(hash.high >> 56 << 24 | mixed >> 40);
}

// Nobody changes these any more.
std::optional<SeriesId> SeriesIndex::find_loaded(const KeyHash& hash) const {
  if (loaded_.count() == 0) return std::nullopt;
  auto [begin, end] = loaded_.slice(hash);
  // Senders choose keys: a slice may have many hashes.
  constexpr uint32_t kFew = 16;
  while (end - begin > kFew) {
    const uint32_t middle = begin + (end - begin) / 2;
    if (hash < hashes_.get(middle)) {
      end = middle;
    } else {
      begin = middle;
    }
  }
  for (uint32_t id = begin; id < end; ++id) {
    if (hashes_.get(id) == hash) return SeriesId{id};
  }
  return std::nullopt;
}

std::optional<SeriesId> SeriesIndex::find_here(const KeyHash& hash) const {
  if (const auto loaded = find_loaded(hash)) return loaded;
  const uint32_t found = by_key_.find(
      slot_hash(hash), [&](uint32_t id) { return hashes_.get(id) == hash; });
  if (found == IdTable::kNone) return std::nullopt;
  return SeriesId{found};
}

// The writer is the only one who changes the table, so it may read it without the lock.
std::optional<SeriesId> SeriesIndex::find_as_writer(const KeyHash& hash) const
    NO_THREAD_SAFETY_ANALYSIS {
  return find_here(hash);
}

void SeriesIndex::prefetch_slot(const KeyHash& hash) const {
  if (loaded_.count() > 0) {
    const auto [begin, end] = loaded_.slice(hash);
    hashes_.prefetch(begin);
    // Most slices take two or three cache lines.
    if (end > begin) hashes_.prefetch(begin + (end - 1 - begin) / 2);
    if (end > begin) hashes_.prefetch(end - 1);
  }
  by_key_.prefetch(slot_hash(hash));
}

void SeriesIndex::prefetch_series(const KeyHash& hash, std::string_view key) const {
  if (const auto loaded = find_loaded(hash)) {
    key_checks_.prefetch(raw(*loaded));
    return;
  }
  const uint32_t id = by_key_.guess(slot_hash(hash));
  if (id != IdTable::kNone) {
    hashes_.prefetch(id);
    key_checks_.prefetch(id);
    return;
  }
  auto tag = tags().begin();
  for (ByteReader in(key); !in.at_end() && !in.failed();) {
    const uint64_t column = in.varint();
    in.u8();
    const std::string_view text = in.string();
    while (tag != tags().end() && raw((*tag)->id()) < column) ++tag;
    if (tag == tags().end()) return;
    if (raw((*tag)->id()) == column) (*tag)->prefetch(text);
  }
}

std::optional<SeriesId> SeriesIndex::find(const KeyHash& hash) const {
  if (const auto loaded = find_loaded(hash)) return loaded;
  const MutexLock lock(mutex_);
  return find_here(hash);
}

const SeriesIndex::TagList& SeriesIndex::tags() const {
  static const TagList kNone;
  const TagList* tags = tags_.load(std::memory_order_acquire);
  return tags == nullptr ? kNone : *tags;
}

TagValues& SeriesIndex::tag_to_write(ColumnId id) {
  // Series of one table have the same tags, mostly: the writer knows them in the published order.
  const auto& known = tags();
  const auto place = std::ranges::lower_bound(known, raw(id), {},
                                              [](const TagValues* tag) { return raw(tag->id()); });
  if (place != known.end() && (*place)->id() == id) return **place;
  for (const auto& tag : all_tags_) {
    if (tag->id() == id) return *tag;
  }
  all_tags_.push_back(std::make_unique<TagValues>(id, seed_));
  return *all_tags_.back();
}

// Lists that were replaced stay, for those who read them: a tag comes seldom.
void SeriesIndex::publish_tags() {
  if (all_tags_.size() == tags().size()) return;
  auto list = std::make_unique<TagList>();
  for (const auto& tag : all_tags_) list->push_back(tag.get());
  std::ranges::sort(*list, {}, [](const TagValues* tag) { return raw(tag->id()); });
  tags_.store(list.get(), std::memory_order_release);
  tag_lists_.push_back(std::move(list));
}

bool SeriesIndex::has_key(SeriesId id, std::string_view key) const {
  for (const TagValues* tag : tags()) {
    const uint32_t value_id = tag->value_ids().get(raw(id));
    if (value_id == 0) continue;
    const std::string_view text = tag->text(value_id);
    if (!take(key, tag->key_prefix()) || !take_varint(key, text.size()) || !take(key, text)) {
      return false;
    }
  }
  return key.empty();
}

uint32_t SeriesIndex::key_check(std::string_view key) const {
  return std::max(1u, static_cast<uint32_t>(hash128_seeded(key, seed_).low));
}

// The texts of a key lie in many places: after the first look at them a check is enough.
bool SeriesIndex::is_key_of(SeriesId id, std::string_view key) {
  const uint32_t check = key_check(key);
  if (const uint32_t known = key_checks_.get(raw(id))) return known == check;
  if (!has_key(id, key)) return false;
  key_checks_.set(raw(id), check);
  return true;
}

Result<SeriesId> SeriesIndex::add(const KeyHash& hash, std::string_view key) {
  if (const auto known = find_as_writer(hash)) {
    if (is_key_of(*known, key)) return *known;
    return fail(ErrorCode::kConflict,
                "two series keys have the same hash; the second one is refused, its key has " +
                    std::to_string(key.size()) + " bytes");
  }
  return create(hash, key);
}

Result<SeriesId> SeriesIndex::add_stored(const KeyHash& hash, std::string_view key) {
  if (const auto known = find_as_writer(hash)) return *known;
  return create(hash, key);
}

Result<SeriesId> SeriesIndex::create(const KeyHash& hash, std::string_view key) {
  const auto cells = TRY(decode_series_key(key));
  if (canonical_bytes(cells) != key.size()) {
    return fail(ErrorCode::kCorrupt, "series key is not in its shortest form");
  }
  cells_.clear();
  for (const KeyCell& cell : cells) {
    TagValues& tag = tag_to_write(cell.column);
    cells_.push_back({.tag = &tag, .value_id = TRY(tag.find_or_add(cell.text))});
  }
  publish_tags();
  const uint32_t id = series_count_.load(std::memory_order_relaxed);
  CHECK(id < IdTable::kNone);
  for (const Cell& cell : cells_) cell.tag->set(id, cell.value_id);
  hashes_.set(id, hash);
  key_checks_.set(id, key_check(key));
  {
    const MutexLock lock(mutex_);
    by_key_.add(slot_hash(hash), id);
    series_count_.store(id + 1, std::memory_order_release);
  }
  if (id % 1'024 == 0 || id < 1'024) measure();
  return SeriesId{id};
}

void SeriesIndex::begin_load(uint32_t series_count) {
  CHECK(series_count_.load() == 0 && series_count < IdTable::kNone);
  loaded_.begin(series_count);
}

bool SeriesIndex::load_hashes(std::span<const KeyHash> hashes) {
  const uint32_t begin = loaded_count_;
  if (hashes.empty() || hashes.size() > loaded_.count() - begin) return false;
  if (begin > 0 && !(hashes_.get(begin - 1) < hashes.front())) return false;
  for (size_t i = 1; i < hashes.size(); ++i) {
    if (!(hashes[i - 1] < hashes[i])) return false;
  }
  std::memcpy(hashes_.to_write(begin, begin + hashes.size()), hashes.data(), hashes.size_bytes());
  for (const KeyHash& hash : hashes) loaded_.add(hash);
  loaded_count_ += static_cast<uint32_t>(hashes.size());
  return true;
}

void SeriesIndex::finish_load() {
  CHECK(loaded_count_ == loaded_.count());
  loaded_.finish();
  publish_tags();
  measure();
  series_count_.store(loaded_count_, std::memory_order_release);
  const auto index_texts = [this] {
    for (const TagValues* tag : tags()) tag->index_texts();
  };
  constexpr uint32_t kMany = 100'000;
  if (loaded_count_ >= kMany) {
    texts_thread_ = Thread("varve-texts", index_texts);
  } else {
    index_texts();
  }
}

void SeriesIndex::append_key(SeriesId id, std::string& out) const {
  append_key(id, tags(), out);
}

void SeriesIndex::append_key(SeriesId id, std::span<const TagValues* const> tags,
                             std::string& out) {
  for (const TagValues* tag : tags) {
    const uint32_t value_id = tag->value_ids().get(raw(id));
    if (value_id == 0) continue;
    const std::string_view text = tag->text(value_id);
    out += tag->key_prefix();
    append_varint(text.size(), out);
    out += text;
  }
}

const TagValues* SeriesIndex::tag(ColumnId id) const {
  for (const TagValues* tag : tags()) {
    if (tag->id() == id) return tag;
  }
  return nullptr;
}

std::vector<ColumnId> SeriesIndex::tag_ids() const {
  std::vector<ColumnId> ids;
  for (const TagValues* tag : tags()) ids.push_back(tag->id());
  return ids;
}

std::shared_ptr<const std::vector<SeriesId>> SeriesIndex::by_hash() const {
  std::shared_ptr<const std::vector<SeriesId>> known;
  {
    const MutexLock lock(mutex_);
    known = by_hash_;
  }
  const uint32_t count = series_count();
  if (!known && loaded_.count() > 0) {
    auto loaded = std::make_shared<std::vector<SeriesId>>(loaded_.count());
    for (uint32_t i = 0; i < loaded_.count(); ++i) (*loaded)[i] = SeriesId{i};
    known = std::move(loaded);
  }
  const size_t known_count = known ? known->size() : 0;
  if (known && known_count >= count) {
    const MutexLock lock(mutex_);
    if (!by_hash_) by_hash_ = known;
    return known;
  }
  // When most series are known in order, few hashes of them are looked at.
  const bool merges = known_count / 8 > count - known_count;
  std::vector<HashedSeries> added;
  added.reserve(merges ? count - known_count : count);
  for (uint32_t i = merges ? static_cast<uint32_t>(known_count) : 0; i < count; ++i) {
    added.push_back({.hash = hashes_.get(i), .id = SeriesId{i}});
  }
  sort_by_hash(added);
  auto order = std::make_shared<const std::vector<SeriesId>>(
      merge_by_hash(merges ? std::span(*known) : std::span<const SeriesId>(), added,
                    [this](SeriesId id) { return hash(id); }));
  const MutexLock lock(mutex_);
  if (!by_hash_ || by_hash_->size() < order->size()) by_hash_ = order;
  return order;
}

std::vector<SeriesId> SeriesIndex::by_hash(const SeriesBits& series) const {
  const size_t count = series.count();
  std::vector<SeriesId> order;
  order.reserve(count);
  // Going through all of them in a known order is cheaper than sorting a good part of them.
  constexpr size_t kMany = 1'000;
  if (count > kMany && count > series_count() / 8) {
    const auto all = by_hash();
    for (const SeriesId id : *all) {
      if (series.has(id)) order.push_back(id);
    }
    return order;
  }
  std::vector<HashedSeries> hashed;
  hashed.reserve(count);
  series.visit([&](SeriesId id) { hashed.push_back({.hash = hash(id), .id = id}); });
  sort_by_hash(hashed);
  for (const HashedSeries& entry : hashed) order.push_back(entry.id);
  return order;
}

void SeriesIndex::measure() {
  size_t bytes = sizeof(*this) + hashes_.size_bytes() + key_checks_.size_bytes() +
                 loaded_.size_bytes() + by_key_.size_bytes();
  for (const auto& tag : all_tags_) tag->measure();
  for (const auto& list : tag_lists_) bytes += list->capacity() * sizeof(list->front());
  size_bytes_.store(bytes, std::memory_order_relaxed);
}

size_t SeriesIndex::size_bytes() const {
  size_t bytes = size_bytes_.load(std::memory_order_relaxed);
  for (const TagValues* tag : tags()) bytes += tag->size_bytes();
  const MutexLock lock(mutex_);
  return bytes + (by_hash_ ? by_hash_->capacity() * sizeof(SeriesId) : 0);
}

}  // namespace varve::engine
