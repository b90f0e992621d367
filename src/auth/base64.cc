// SPDX-License-Identifier: Apache-2.0
#include "auth/base64.h"

namespace varve::auth {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int value_of(char c, Base64 alphabet) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == (alphabet == Base64::kUrl ? '-' : '+')) return 62;
  if (c == (alphabet == Base64::kUrl ? '_' : '/')) return 63;
  return -1;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0);
    }
    for (size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : kDigits[group >> (18 - 6 * j) & 63];
    }
  }
  return text;
}

std::optional<std::string> base64_decode(std::string_view text, Base64 alphabet) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  uint32_t group = 0;
  size_t digits = 0;
  size_t padding = 0;
  for (const char c : text) {
    if (alphabet == Base64::kStandard && (c == '\r' || c == '\n')) continue;
    if (alphabet == Base64::kStandard && c == '=') {
      ++padding;
      continue;
    }
    const int value = value_of(c, alphabet);
    if (value < 0 || padding > 0) return std::nullopt;
    group = group << 6 | static_cast<uint32_t>(value);
    if (++digits % 4 != 0) continue;
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>(group >> shift & 255);
    group = 0;
  }
  const size_t rest = digits % 4;
  if (rest == 1) return std::nullopt;
  if (alphabet == Base64::kStandard && padding != (rest == 0 ? 0 : 4 - rest)) return std::nullopt;
  if (rest >= 2) bytes += static_cast<char>(group >> (rest == 2 ? 4 : 10) & 255);
  if (rest == 3) bytes += static_cast<char>(group >> 2 & 255);
  return bytes;
}

}  // namespace varve::auth
