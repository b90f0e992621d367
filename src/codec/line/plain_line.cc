// SPDX-License-Identifier: Apache-2.0
#include "codec/line/plain_line.h"

#include <bit>
#include <cstring>

#include "codec/line/escape.h"
#include "codec/line/key.h"
#include "codec/line/number.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace varve::line_protocol {
namespace {

// Beyond these a line is long enough for the grammar to count exactly.
constexpr size_t kPlainKeyBytesMax = 60'000;
constexpr size_t kPlainNameBytesMax = 4'096;
static_assert(kPlainKeyBytesMax + kFieldSeparatorBytes + kPlainNameBytesMax < kKeyBytesMax);
/// Places of a line whose names are remembered.
constexpr size_t kShapeNamesMax = 256;

/// Blank to the grammar; one behind the first space of a gap leaves the line to it.
bool is_rare_blank(char c) { return c == '\t' || c == '\0'; }

bool ends_value(char c) { return c == ',' || c == ' ' || c == '\n'; }

/// The first byte that cannot be inside a plain field name. Reads up to 15 bytes beyond it.
const char* find_name_end(const char* at) {
#if defined(__SSE2__)
  for (;; at += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto is = [&](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    const auto ends = _mm_or_si128(_mm_or_si128(is('='), is(',')),
                                   _mm_or_si128(is(' '), _mm_or_si128(is('\n'), is('\\'))));
    const auto bits = static_cast<uint32_t>(_mm_movemask_epi8(ends));
    if (bits != 0) return at + std::countr_zero(bits);
  }
#else
  while (*at != '=' && *at != ',' && *at != ' ' && *at != '\n' && *at != '\\') ++at;
  return at;
#endif
}

/// The first quote or backslash in [at, end), or end.
const char* find_quote(const char* at, const char* end) {
#if defined(__SSE2__)
  const auto quote = _mm_set1_epi8('"');
  const auto backslash = _mm_set1_epi8('\\');
  for (; at < end; at += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto bits = static_cast<uint32_t>(_mm_movemask_epi8(
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash))));
    if (bits != 0) {
      at += std::countr_zero(bits);
      return at < end ? at : end;
    }
  }
  return end;
#else
  while (at < end && *at != '"' && *at != '\\') ++at;
  return at;
#endif
}

/// True when the bytes under the mask are equal. Reads 32 bytes of each.
inline bool same_bytes(const char* a, const char* b, uint32_t mask) {
#if defined(__SSE2__)
  const auto load = [](const char* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  };
  const auto low = _mm_movemask_epi8(_mm_cmpeq_epi8(load(a), load(b)));
  const auto high = _mm_movemask_epi8(_mm_cmpeq_epi8(load(a + 16), load(b + 16)));
  const uint32_t same = static_cast<uint32_t>(low) | static_cast<uint32_t>(high) << 16;
  return (same & mask) == mask;
#else
  return std::memcmp(a, b, static_cast<size_t>(std::popcount(mask))) == 0;
#endif
}

}  // namespace

PlainLineReader::Shape& PlainLineReader::shape_of(const char* line) {
  uint64_t head;
  std::memcpy(&head, line, 8);
  return shapes_[(head * 0x9E3779B97F4A7C15ull) >> 58];
}

const char* PlainLineReader::read_name(const char* at, ExpectedName* expected, PointField& field) {
  const char* const name_end = find_name_end(at);
  const auto size_bytes = static_cast<uint32_t>(name_end - at);
  if (*name_end != '=' || size_bytes == 0 || size_bytes > kPlainNameBytesMax) return nullptr;
  field.name = {at, size_bytes};
  if (expected == nullptr) return name_end + 1;
  // One that is too long is not expected, and neither is what stood there before: its shape is not
  // that of this line.
  expected->size_bytes = 0;
  if (size_bytes < sizeof expected->bytes) {
    std::memcpy(expected->bytes, at, size_bytes + 1);
    expected->name = at;
    expected->size_bytes = size_bytes + 1;
    expected->mask = static_cast<uint32_t>((2ull << size_bytes) - 1);
  }
  return name_end + 1;
}

const char* PlainLineReader::read_string(const char* at, PointField& field, TextArena& arena) {
  const char* const begin = at + 1;
  at = begin;
  bool escaped = false;
  for (;;) {
    at = find_quote(at, end_);
    if (at == end_) return nullptr;
    if (*at == '"') break;
    escaped = true;
    at += 2;
    if (at >= end_) return nullptr;
  }
  field.type = ValueType::kString;
  field.u64 = 0;
  field.text = {begin, static_cast<size_t>(at - begin)};
  if (escaped) field.text = unescape_string(field.text, arena);
  return at + 1;
}

const char* PlainLineReader::read_number(const char* at, PointField& field) {
  if (const char* const stop = read_short_integer(at, field)) [[likely]] return stop;
  if (const char* const stop = read_plain_number(at, field)) return stop;
  const char* stop = at;
  while (!ends_value(*stop)) ++stop;
  return parse_number({at, static_cast<size_t>(stop - at)}, field) ? stop : nullptr;
}

const char* PlainLineReader::read_value(const char* at, PointField& field, TextArena& arena) {
  const char first = *at;
  if ((first >= '0' && first <= '9') || first == '-' || first == '.') return read_number(at, field);
  if (first == '"') return read_string(at, field, arena);
  const auto word = [&](std::string_view text, bool value) -> const char* {
    if (std::memcmp(at, text.data(), text.size()) != 0) return nullptr;
    field.type = ValueType::kBool;
    field.u64 = 0;
    field.boolean = value;
    return at + text.size();
  };
  if (first == 't') return ends_value(at[1]) ? word("t", true) : word("true", true);
  if (first == 'f') return ends_value(at[1]) ? word("f", false) : word("false", false);
  return nullptr;
}

const char* PlainLineReader::read_fields(const char* at, Shape& shape, FieldBuffer& fields,
                                         TextArena& arena) {
  auto& names = shape.names;
  for (size_t place = 0;; ++place) {
    if (place == rules_.fields_max) return nullptr;
    auto& field = fields.append();
    if (place < names.size() && names[place].size_bytes != 0 &&
        same_bytes(at, names[place].bytes, names[place].mask)) [[likely]] {
      field.name = {names[place].name, names[place].size_bytes - 1};
      at += names[place].size_bytes;
    } else {
      shape.serial = 0;
      if (place >= names.size() && place < kShapeNamesMax) names.emplace_back();
      at = read_name(at, place < names.size() ? &names[place] : nullptr, field);
      if (at == nullptr) return nullptr;
    }
    field.text = {};
    at = read_value(at, field, arena);
    if (at == nullptr) return nullptr;
    if (place < names.size() && names[place].type != field.type) {
      names[place].type = field.type;
      shape.serial = 0;
    }
    if (*at != ',') {
      if (shape.field_count != place + 1 || shape.serial == 0) {
        shape.field_count = place + 1;
        shape.serial = ++serial_last_;
      }
      return at;
    }
    ++at;
  }
}

const char* PlainLineReader::read_time(const char* at, int64_t& time_ns) {
  while (*at == ' ') ++at;
  if (time_mask_ != 0 && same_bytes(at, time_bytes_, time_mask_)) {
    time_ns = time_last_ns_;
    return at + time_size_bytes_ - 1;
  }
  const char* const newline = read_new_time(at, time_ns);
  if (newline == nullptr || newline - at >= static_cast<ptrdiff_t>(sizeof time_bytes_)) {
    return newline;
  }
  time_size_bytes_ = static_cast<uint32_t>(newline - at) + 1;
  time_mask_ = static_cast<uint32_t>((uint64_t{1} << time_size_bytes_) - 1);
  std::memcpy(time_bytes_, at, time_size_bytes_);
  time_last_ns_ = time_ns;
  return newline;
}

const char* PlainLineReader::read_new_time(const char* at, int64_t& time_ns) {
  if (*at == '\n') {
    time_ns = rules_.default_ns;
    return at;
  }
  const bool negative = *at == '-';
  at += negative;
  uint64_t magnitude;
  const char* stop = read_digits(at, magnitude);
  // 19 digits may be too many for an int64, and more are too many for the magnitude.
  if (stop == at || stop - at > 19 || magnitude > INT64_MAX) return nullptr;
  const auto stamp = static_cast<int64_t>(magnitude);
  if (!scale_time(negative ? -stamp : stamp, rules_.unit_ns, time_ns)) return nullptr;
  while (*stop == ' ') ++stop;
  return *stop == '\n' ? stop : nullptr;
}

const char* PlainLineReader::read(const char* line, Point& point, FieldBuffer& fields,
                                  TextArena& arena) {
  const char first = *line;
  if (first == ' ' || is_rare_blank(first) || first == '#' || first == ',') return nullptr;
  const auto key = find_key_end(line);
  const auto key_bytes = static_cast<size_t>(key.end - line);
  if (!key.plain || key_bytes > kPlainKeyBytesMax) return nullptr;
  const char* at = key.end + 1;
  while (*at == ' ') ++at;
  if (is_rare_blank(*at)) return nullptr;
  point.fields_begin = fields.count();
  Shape& shape = shape_of(line);
  at = read_fields(at, shape, fields, arena);
  if (at == nullptr) return nullptr;
  if (*at == ' ') {
    at = read_time(at, point.time_ns);
    if (at == nullptr) return nullptr;
  } else if (*at == '\n') {
    point.time_ns = rules_.default_ns;
  } else {
    return nullptr;
  }
  point.fields_end = fields.count();
  point.shape = shape.serial;
  point.raw_key = {line, key_bytes};
  point.line = {line, static_cast<size_t>(at - line)};
  return at;
}

}  // namespace varve::line_protocol
