// SPDX-License-Identifier: Apache-2.0
#include "codec/line/key.h"

#include <algorithm>
#include <string>

#include "codec/line/escape.h"

namespace varve::line_protocol {
namespace {

/// How far a scan got: the key's text is [0, end), and what its parts are.
struct KeyScan {
  std::string_view text;
  bool whole = false;  // The end of the text ends the key, as a space would.
  size_t end = 0;

  bool at_end() const { return end >= text.size(); }
  bool escaped() const { return text[end - 1] == '\\'; }
};

tl::unexpected<Error> invalid(const char* message) {
  return fail(ErrorCode::kInvalidInput, message);
}

/// Stops at the comma or space after the measurement.
Result<std::string_view> scan_measurement(KeyScan& scan) {
  if (scan.at_end() || scan.text[0] == ',') return invalid("missing measurement");
  for (;;) {
    ++scan.end;
    if (scan.at_end()) break;
    if (scan.escaped()) continue;
    if (scan.text[scan.end] == ',' || scan.text[scan.end] == ' ') break;
  }
  if (scan.at_end() && !scan.whole) return invalid("missing fields");
  return scan.text.substr(0, scan.end);
}

/// From behind a comma to behind the equals sign.
Result<std::string_view> scan_tag_name(KeyScan& scan) {
  const size_t begin = scan.end;
  if (scan.at_end()) return invalid("missing tag key");
  const char first = scan.text[begin];
  if (first == ' ' || first == ',' || first == '=') return invalid("missing tag key");
  for (;;) {
    ++scan.end;
    if (scan.at_end()) return invalid("missing tag value");
    const char c = scan.text[scan.end];
    if ((c == ' ' || c == ',') && !scan.escaped()) return invalid("missing tag value");
    if (c == '=' && !scan.escaped()) {
      ++scan.end;
      return scan.text.substr(begin, scan.end - 1 - begin);
    }
  }
}

/// From behind an equals sign to the comma or space.
Result<std::string_view> scan_tag_value(KeyScan& scan) {
  const size_t begin = scan.end;
  if (scan.at_end() || scan.text[begin] == ',' || scan.text[begin] == ' ') {
    return invalid("missing tag value");
  }
  for (;;) {
    ++scan.end;
    if (scan.at_end()) break;
    const char c = scan.text[scan.end];
    if (scan.escaped()) continue;
    if (c == '=') return invalid("invalid tag format");
    if (c == ',' || c == ' ') break;
  }
  if (scan.at_end() && !scan.whole) return invalid("missing fields");
  return scan.text.substr(begin, scan.end - begin);
}

Result<PointKey> scan_key(KeyScan& scan, TextArena& arena) {
  constexpr size_t kTagsMostly = 16;
  PointKey key;
  key.tags.reserve(kTagsMostly);
  key.table = unescape_name(TRY(scan_measurement(scan)), arena);
  while (!scan.at_end() && scan.text[scan.end] == ',') {
    ++scan.end;
    const auto name = TRY(scan_tag_name(scan));
    const auto value = TRY(scan_tag_value(scan));
    key.tags.emplace_back(unescape_tag(name, arena), unescape_tag(value, arena));
  }
  const auto by_name = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(key.tags.begin(), key.tags.end(), by_name)) {
    std::sort(key.tags.begin(), key.tags.end(), by_name);
  }
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(key.tags.begin(), key.tags.end(), same_name) != key.tags.end()) {
    return invalid("duplicate tags");
  }
  if (scan.end > kKeyBytesMax) {
    return fail(ErrorCode::kInvalidInput, "max key length exceeded: " + std::to_string(scan.end) +
                                              " > " + std::to_string(kKeyBytesMax));
  }
  return key;
}

}  // namespace

Result<size_t> check_key(std::string_view line, TextArena& arena) {
  KeyScan scan{.text = line};
  TRY(scan_key(scan, arena));
  return scan.end;
}

Result<PointKey> parse_key(std::string_view raw_key, TextArena& arena) {
  KeyScan scan{.text = raw_key, .whole = true};
  auto key = TRY(scan_key(scan, arena));
  if (!scan.at_end()) return invalid("missing fields");
  return key;
}

}  // namespace varve::line_protocol
