// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/text_order.h"

#include <algorithm>

namespace varve::influxql {

uint64_t leading_bytes(std::string_view text) {
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) {
    number = number << 8 | (i < text.size() ? static_cast<uint8_t>(text[i]) : 0);
  }
  return number;
}

size_t common_prefix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

void sort_texts(std::vector<std::string_view>& texts, Interrupt& interrupt) {
  // Often they come sorted.
  if (std::ranges::is_sorted(texts)) return;
  size_t prefix = texts.front().size();
  for (const std::string_view text : texts) {
    prefix = common_prefix(texts.front().substr(0, prefix), text);
  }
  struct Entry {
    uint64_t leading = 0;
    std::string_view text;
  };
  static_assert(sizeof(Entry) == kSortedTextBytes);
  std::vector<Entry> entries;
  entries.reserve(texts.size());
  for (const std::string_view text : texts) {
    entries.push_back({leading_bytes(text.substr(prefix)), text});
  }
  std::ranges::sort(entries, [&](const Entry& a, const Entry& b) {
    if (interrupt.is_due()) return false;
    return a.leading != b.leading ? a.leading < b.leading : a.text < b.text;
  });
  for (size_t i = 0; i < entries.size(); ++i) texts[i] = entries[i].text;
}

}  // namespace varve::influxql
