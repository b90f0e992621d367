// SPDX-License-Identifier: Apache-2.0
#include "catalog/names.h"

#include <cstdint>
#include <optional>

namespace varve {
namespace {

struct CodePoints {
  uint32_t first;
  uint32_t last;
};

// Controls, spaces other than ' ', invisible format characters and private use: what Go's
// unicode.IsPrint refuses, as far as it is assigned at all.
constexpr CodePoints kUnprintable[] = {
    {0x00, 0x1f},     {0x7f, 0xa0},     {0xad, 0xad},     {0x61c, 0x61c},
    {0x1680, 0x1680}, {0x180e, 0x180e}, {0x2000, 0x200f}, {0x2028, 0x202f},
    {0x205f, 0x206f}, {0x3000, 0x3000}, {0xe000, 0xf8ff}, {0xfeff, 0xfeff},
    {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0001, 0xe007f}, {0xf0000, 0x10ffff},
};

bool is_printable(uint32_t code_point) {
  for (const auto& range : kUnprintable) {
    if (code_point >= range.first && code_point <= range.last) return false;
  }
  return true;
}

// Takes one character off the front; nothing when the bytes are not UTF-8.
std::optional<uint32_t> take_code_point(std::string_view& bytes) {
  const auto lead = static_cast<uint8_t>(bytes.front());
  size_t size_bytes = 1;
  uint32_t code_point = lead;
  uint32_t code_point_min = 0;
  if (lead >= 0xf0 && lead <= 0xf4) {
    size_bytes = 4, code_point = lead & 0x07, code_point_min = 0x10000;
  } else if (lead >= 0xe0 && lead < 0xf0) {
    size_bytes = 3, code_point = lead & 0x0f, code_point_min = 0x800;
  } else if (lead >= 0xc2 && lead < 0xe0) {
    size_bytes = 2, code_point = lead & 0x1f, code_point_min = 0x80;
  } else if (lead >= 0x80) {
    return std::nullopt;
  }
  if (bytes.size() < size_bytes) return std::nullopt;
  for (size_t i = 1; i < size_bytes; ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if ((byte & 0xc0) != 0x80) return std::nullopt;
    code_point = code_point << 6 | (byte & 0x3f);
  }
  const bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < code_point_min || code_point > 0x10ffff || is_surrogate) return std::nullopt;
  bytes.remove_prefix(size_bytes);
  return code_point;
}

}  // namespace

bool is_valid_name(std::string_view name) {
  if (name.empty() || name == "." || name == "..") return false;
  if (name.find_first_of("/\\") != std::string_view::npos) return false;
  while (!name.empty()) {
    const auto code_point = take_code_point(name);
    if (!code_point || !is_printable(*code_point)) return false;
  }
  return true;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!take_code_point(bytes)) return false;
  }
  return true;
}

}  // namespace varve
