// SPDX-License-Identifier: Apache-2.0
#include "codec/line/escape.h"

#include <cstring>

namespace varve::line_protocol {
namespace {

template <class Escapes>
std::string_view unescape(std::string_view text, TextArena& arena, Escapes escapes) {
  if (text.find('\\') == std::string_view::npos) return text;
  char* const begin = arena.allocate(text.size());
  char* out = begin;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && escapes(text[i + 1])) ++i;
    *out++ = text[i];
  }
  return {begin, static_cast<size_t>(out - begin)};
}

}  // namespace

std::string_view unescape_name(std::string_view text, TextArena& arena) {
  return unescape(text, arena, [](char c) { return c == ',' || c == '"' || c == ' ' || c == '='; });
}

std::string_view unescape_tag(std::string_view text, TextArena& arena) {
  return unescape(text, arena, [](char c) { return c == ',' || c == ' ' || c == '='; });
}

std::string_view unescape_string(std::string_view text, TextArena& arena) {
  return unescape(text, arena, [](char c) { return c == '"' || c == '\\'; });
}

}  // namespace varve::line_protocol
