// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/text_order.h"

#include <algorithm>
#include <array>
#include <utility>

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

namespace {

/// A text by what tells it from most others.
struct Entry {
  uint64_t leading = 0;
  uint32_t place = 0;
};
static_assert(2 * sizeof(Entry) + sizeof(std::string_view) == kSortedTextBytes);

// By their leading bytes, of which those that all have alike are passed over.
void sort_by_leading(std::vector<Entry>& entries) {
  constexpr size_t kBytes = 8;
  constexpr size_t kValues = 256;
  std::vector<std::array<uint32_t, kValues>> counts(kBytes);
  for (const Entry& entry : entries) {
    for (size_t byte = 0; byte < kBytes; ++byte) ++counts[byte][entry.leading >> (8 * byte) & 255];
  }
  std::vector<Entry> other(entries.size());
  for (size_t byte = 0; byte < kBytes; ++byte) {
    const auto value_of = [byte](const Entry& entry) { return entry.leading >> (8 * byte) & 255; };
    if (counts[byte][value_of(entries.front())] == entries.size()) continue;
    uint32_t next = 0;
    for (uint32_t& count : counts[byte]) next += std::exchange(count, next);
    for (const Entry& entry : entries) other[counts[byte][value_of(entry)]++] = entry;
    entries.swap(other);
  }
}

}  // namespace

void sort_texts(std::vector<std::string_view>& texts, Interrupt& interrupt) {
  // Often they come sorted.
  if (std::ranges::is_sorted(texts)) return;
  size_t prefix = texts.front().size();
  for (const std::string_view text : texts) {
    prefix = common_prefix(texts.front().substr(0, prefix), text);
  }
  std::vector<Entry> entries;
  entries.reserve(texts.size());
  for (uint32_t place = 0; place < texts.size(); ++place) {
    entries.push_back({leading_bytes(texts[place].substr(prefix)), place});
  }
  sort_by_leading(entries);
  // Where these are equal, the rest decides.
  for (size_t begin = 0; begin < entries.size();) {
    size_t end = begin + 1;
    while (end < entries.size() && entries[end].leading == entries[begin].leading) ++end;
    if (end - begin > 1) {
      std::sort(entries.begin() + static_cast<std::ptrdiff_t>(begin),
                entries.begin() + static_cast<std::ptrdiff_t>(end),
                [&](const Entry& a, const Entry& b) {
                  return !interrupt.is_due() && texts[a.place] < texts[b.place];
                });
    }
    begin = end;
  }
  std::vector<std::string_view> sorted;
  sorted.reserve(texts.size());
  for (const Entry& entry : entries) sorted.push_back(texts[entry.place]);
  texts.swap(sorted);
}

}  // namespace varve::influxql
