// SPDX-License-Identifier: Apache-2.0
#include "ingest/key_layout.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace varve {
namespace {

/// Bytes that end a value or that mean something else in it.
constexpr std::array<bool, 256> kEndsValue = [] {
  std::array<bool, 256> ends{};
  for (const char c : {',', '=', '\\', ' ', '\n'}) ends[static_cast<unsigned char>(c)] = true;
  return ends;
}();

const char* value_end(const char* at, const char* end) {
  while (at < end && !kEndsValue[static_cast<unsigned char>(*at)]) ++at;
  return at;
}

char* put_varint(char* out, size_t value) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
  *out++ = static_cast<char>(value);
  return out;
}

constexpr size_t kVarintBytesMax = 5;

}  // namespace

std::optional<KeyLayout> KeyLayout::of(std::string_view raw_key, const Table& table) {
  if (raw_key.size() > kKeyBytesMax || raw_key.find('\\') != std::string_view::npos) return {};
  KeyLayout layout;
  size_t shared_begin = 0;
  size_t name_begin = raw_key.find(',');
  while (name_begin != std::string_view::npos) {
    const size_t equals = raw_key.find('=', ++name_begin);
    if (equals == std::string_view::npos || layout.tags_.size() == kTagsMax) return {};
    const auto name = raw_key.substr(name_begin, equals - name_begin);
    const Column* const column = table.tag(name);
    if (column == nullptr) return {};
    Tag& tag = layout.tags_.emplace_back();
    tag.shared = raw_key.substr(shared_begin, equals + 1 - shared_begin);
    tag.name = name;
    tag.column = column->id;
    std::string head;
    ByteWriter out(head);
    out.varint(raw(column->id));
    out.u8(static_cast<uint8_t>(ValueType::kString));
    CHECK(head.size() <= tag.head.size());
    head.copy(tag.head.data(), head.size());
    tag.head_size_bytes = static_cast<uint32_t>(head.size());
    name_begin = shared_begin = raw_key.find(',', equals);
  }
  if (layout.tags_.empty()) return {};
  layout.order_.resize(layout.tags_.size());
  std::iota(layout.order_.begin(), layout.order_.end(), 0);
  std::ranges::sort(layout.order_, {}, [&](uint32_t i) { return raw(layout.tags_[i].column); });
  return layout;
}

std::string_view KeyLayout::canonical(std::string_view raw_key) {
  if (raw_key.size() > kKeyBytesMax) return {};
  const char* at = raw_key.data();
  const char* const end = at + raw_key.size();
  std::array<std::string_view, kTagsMax> values;
  size_t count = 0;
  for (const Tag& tag : tags_) {
    if (!std::string_view(at, static_cast<size_t>(end - at)).starts_with(tag.shared)) return {};
    const char* const value = at + tag.shared.size();
    at = value_end(value, end);
    if (at == value) return {};
    values[count++] = {value, static_cast<size_t>(at - value)};
  }
  if (at != end) return {};

  const size_t head_bytes_max = std::tuple_size_v<decltype(Tag::head)> + kVarintBytesMax;
  const size_t room_bytes = raw_key.size() + tags_.size() * head_bytes_max;
  if (key_.size() < room_bytes) key_.resize(room_bytes);
  char* out = key_.data();
  for (const uint32_t i : order_) {
    const Tag& tag = tags_[i];
    std::memcpy(out, tag.head.data(), tag.head.size());
    out = put_varint(out + tag.head_size_bytes, values[i].size());
    std::memcpy(out, values[i].data(), values[i].size());
    out += values[i].size();
  }
  return {key_.data(), static_cast<size_t>(out - key_.data())};
}

bool KeyLayout::fits(const Table& table) const {
  return std::ranges::all_of(tags_, [&](const Tag& tag) {
    const Column* const column = table.column(tag.column);
    return column != nullptr && column->kind == ColumnKind::kTag && column->name == tag.name;
  });
}

}  // namespace varve
