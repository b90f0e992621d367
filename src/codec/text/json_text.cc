// SPDX-License-Identifier: Apache-2.0
#include "codec/text/json_text.h"

#include <cstdint>
#include <cstring>

#include "codec/text/utf8.h"

namespace varve {
namespace {

constexpr char kHex[] = "0123456789abcdef";

bool is_plain(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

constexpr uint64_t kOnes = 0x0101010101010101ull;
constexpr uint64_t kHighs = 0x8080808080808080ull;

constexpr uint64_t has_zero(uint64_t bytes) { return (bytes - kOnes) & ~bytes & kHighs; }
constexpr uint64_t has_byte(uint64_t bytes, char c) {
  return has_zero(bytes ^ (kOnes * static_cast<uint8_t>(c)));
}

/// True when all 8 bytes need no escape; false may also be said of a few that need none.
bool are_plain(uint64_t bytes) {
  const uint64_t control = (bytes - kOnes * 0x20) & ~bytes & kHighs;
  return (control | (bytes & kHighs) | has_byte(bytes, '"') | has_byte(bytes, '\\') |
          has_byte(bytes, '<') | has_byte(bytes, '>') | has_byte(bytes, '&')) == 0;
}

char* put(char* out, std::string_view bytes) {
  std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

char* write_escape(char* out, char c) {
  switch (c) {
    case '"':
      return put(out, "\\\"");
    case '\\':
      return put(out, "\\\\");
    case '\n':
      return put(out, "\\n");
    case '\r':
      return put(out, "\\r");
    case '\t':
      return put(out, "\\t");
    default:
      out = put(out, "\\u00");
      *out++ = kHex[static_cast<uint8_t>(c) >> 4];
      *out++ = kHex[static_cast<uint8_t>(c) & 15];
      return out;
  }
}

}  // namespace

char* write_json_string(char* out, std::string_view text) {
  *out++ = '"';
  size_t at = 0;
  while (at < text.size()) {
    uint64_t bytes;
    const size_t left = text.size() - at;
    if (left >= 8) {
      std::memcpy(&bytes, text.data() + at, 8);
      if (are_plain(bytes)) {
        std::memcpy(out, &bytes, 8);
        out += 8;
        at += 8;
        continue;
      }
    } else if (text.size() >= 8) {
      // The last 8 bytes: those of them that were written before are plain, so written as they are.
      std::memcpy(&bytes, text.data() + text.size() - 8, 8);
      if (are_plain(bytes)) {
        std::memcpy(out + left - 8, &bytes, 8);
        out += left;
        break;
      }
    } else if (left >= 4) {
      uint32_t first;
      uint32_t last;
      std::memcpy(&first, text.data() + at, 4);
      std::memcpy(&last, text.data() + text.size() - 4, 4);
      if (are_plain(uint64_t{last} << 32 | first)) {
        std::memcpy(out, &first, 4);
        std::memcpy(out + left - 4, &last, 4);
        out += left;
        break;
      }
    }
    const char c = text[at];
    if (is_plain(c)) {
      *out++ = c;
      ++at;
    } else if (static_cast<uint8_t>(c) < 0x80) {
      out = write_escape(out, c);
      ++at;
    } else {
      const auto decoded = decode_rune(text.substr(at, 4));
      if (decoded.size_bytes == 0) {
        out = put(out, "\\ufffd");
        ++at;
        continue;
      }
      if (decoded.rune == 0x2028 || decoded.rune == 0x2029) {
        out = put(out, decoded.rune == 0x2028 ? "\\u2028" : "\\u2029");
      } else {
        out = put(out, text.substr(at, decoded.size_bytes));
      }
      at += decoded.size_bytes;
    }
  }
  *out++ = '"';
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  const size_t before = out.size();
  out.resize(before + json_string_bytes_max(text.size()));
  out.resize(static_cast<size_t>(write_json_string(out.data() + before, text) - out.data()));
}

void append_json_string(OutputBuffer& out, std::string_view text) {
  // Longer ones go through memory of their own, so that the buffer keeps its size.
  constexpr size_t kBufferedBytesMax = 4'096;
  if (text.size() <= kBufferedBytesMax) {
    out.advance(write_json_string(out.room(json_string_bytes_max(text.size())), text));
    return;
  }
  std::string quoted;
  append_json_string(quoted, text);
  out.append(quoted);
}

}  // namespace varve
