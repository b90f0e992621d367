// SPDX-License-Identifier: Apache-2.0
#include "varve/import_progress.h"

#include <algorithm>
#include <cstdio>

#include "base/check.h"

namespace varve {

std::string to_text(const ImportPosition& position) {
  return "varve-import 1 offset=" + std::to_string(position.offset) +
         " lines=" + std::to_string(position.lines) +
         " refused=" + std::to_string(position.lines_refused) + "\n";
}

Result<ImportPosition> parse_import_position(std::string_view text) {
  unsigned long long offset = 0;
  unsigned long long lines = 0;
  unsigned long long refused = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "varve-import 1 offset=%llu lines=%llu refused=%llu", &offset,
                  &lines, &refused) != 3) {
    return fail(ErrorCode::kCorrupt, "it does not hold the position of an import");
  }
  return ImportPosition{.offset = offset, .lines = lines, .lines_refused = refused};
}

void ImportTracker::begin(uint64_t offset_begin, uint64_t offset_end, uint64_t lines) {
  pending_[offset_begin] = {.offset_end = offset_end, .lines = lines, .lines_refused = {}};
}

void ImportTracker::end(uint64_t offset_begin, uint64_t lines_refused) {
  const auto ended = pending_.find(offset_begin);
  CHECK(ended != pending_.end());
  ended->second.lines_refused = lines_refused;
  for (auto first = pending_.begin(); first != pending_.end() && first->second.lines_refused;
       first = pending_.erase(first)) {
    position_.offset = first->second.offset_end;
    position_.lines += first->second.lines;
    position_.lines_refused += *first->second.lines_refused;
  }
}

std::string grouped(uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string progress_line(const ImportFigures& figures) {
  constexpr size_t kBarWidth = 20;
  const double part = figures.file_bytes == 0
                          ? 1.0
                          : std::min(1.0, static_cast<double>(figures.file_bytes_read) /
                                              static_cast<double>(figures.file_bytes));
  const auto filled = static_cast<size_t>(part * kBarWidth);
  const auto percent = static_cast<int>(part * 100);
  const double rate =
      figures.seconds > 0 ? static_cast<double>(figures.lines) / figures.seconds : 0.0;
  char head[8];
  std::snprintf(head, sizeof head, "%3d %%", percent);
  std::string line = std::string(head) + "  [" + std::string(filled, '#') +
                     std::string(kBarWidth - filled, ' ') + "]  " + grouped(figures.lines) +
                     " lines  " + grouped(static_cast<uint64_t>(rate)) + "/s";
  if (figures.lines_refused > 0) line += "  " + grouped(figures.lines_refused) + " refused";
  return line;
}

}  // namespace varve
