// SPDX-License-Identifier: Apache-2.0
#include "codec/text/msgpack_bytes.h"

#include <bit>
#include <limits>

namespace varve::msgpack {
namespace {

template <class T>
void append_big_endian(std::string& out, T value) {
  char bytes[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes[i] = static_cast<char>(value >> (8 * (sizeof(T) - 1 - i)));
  }
  out.append(bytes, sizeof bytes);
}

void append_byte(std::string& out, unsigned byte) { out.push_back(static_cast<char>(byte)); }

}  // namespace

void append_nil(std::string& out) { append_byte(out, 0xc0); }

void append_bool(std::string& out, bool value) { append_byte(out, value ? 0xc3 : 0xc2); }

void append_u64(std::string& out, uint64_t value) {
  if (value < 128) {
    append_byte(out, static_cast<unsigned>(value));
  } else if (value <= std::numeric_limits<uint8_t>::max()) {
    append_byte(out, 0xcc);
    append_byte(out, static_cast<unsigned>(value));
  } else if (value <= std::numeric_limits<uint16_t>::max()) {
    append_byte(out, 0xcd);
    append_big_endian(out, static_cast<uint16_t>(value));
  } else if (value <= std::numeric_limits<uint32_t>::max()) {
    append_byte(out, 0xce);
    append_big_endian(out, static_cast<uint32_t>(value));
  } else {
    append_byte(out, 0xcf);
    append_big_endian(out, value);
  }
}

void append_i64(std::string& out, int64_t value) {
  if (value >= 0) {
    append_u64(out, static_cast<uint64_t>(value));
  } else if (value >= -32) {
    append_byte(out, static_cast<uint8_t>(value));
  } else if (value >= std::numeric_limits<int8_t>::min()) {
    append_byte(out, 0xd0);
    append_byte(out, static_cast<uint8_t>(value));
  } else if (value >= std::numeric_limits<int16_t>::min()) {
    append_byte(out, 0xd1);
    append_big_endian(out, static_cast<uint16_t>(value));
  } else if (value >= std::numeric_limits<int32_t>::min()) {
    append_byte(out, 0xd2);
    append_big_endian(out, static_cast<uint32_t>(value));
  } else {
    append_byte(out, 0xd3);
    append_big_endian(out, static_cast<uint64_t>(value));
  }
}

void append_f64(std::string& out, double value) {
  append_byte(out, 0xcb);
  append_big_endian(out, std::bit_cast<uint64_t>(value));
}

void append_string(std::string& out, std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  if (size < 32) {
    append_byte(out, 0xa0 | size);
  } else if (size <= std::numeric_limits<uint8_t>::max()) {
    append_byte(out, 0xd9);
    append_byte(out, size);
  } else if (size <= std::numeric_limits<uint16_t>::max()) {
    append_byte(out, 0xda);
    append_big_endian(out, static_cast<uint16_t>(size));
  } else {
    append_byte(out, 0xdb);
    append_big_endian(out, size);
  }
  out += text;
}

void append_array(std::string& out, uint32_t count) {
  if (count < 16) {
    append_byte(out, 0x90 | count);
  } else if (count <= std::numeric_limits<uint16_t>::max()) {
    append_byte(out, 0xdc);
    append_big_endian(out, static_cast<uint16_t>(count));
  } else {
    append_byte(out, 0xdd);
    append_big_endian(out, count);
  }
}

void append_map(std::string& out, uint32_t count) {
  if (count < 16) {
    append_byte(out, 0x80 | count);
  } else if (count <= std::numeric_limits<uint16_t>::max()) {
    append_byte(out, 0xde);
    append_big_endian(out, static_cast<uint16_t>(count));
  } else {
    append_byte(out, 0xdf);
    append_big_endian(out, count);
  }
}

void append_time(std::string& out, int64_t seconds, uint32_t ns) {
  append_byte(out, 0xc7);
  append_byte(out, 12);
  append_byte(out, 5);
  append_big_endian(out, static_cast<uint64_t>(seconds));
  append_big_endian(out, ns);
}

void append_open_array(std::string& out) {
  append_byte(out, 0xdd);
  append_big_endian(out, uint32_t{0});
}

void set_array_count(std::string& out, size_t begin, uint32_t count) {
  std::string bytes;
  append_big_endian(bytes, count);
  out.replace(begin + 1, bytes.size(), bytes);
}

}  // namespace varve::msgpack
