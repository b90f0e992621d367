// SPDX-License-Identifier: Apache-2.0
#include "codec/line/line_errors.h"

#include <algorithm>

namespace varve::line_protocol {

void LineErrors::add(uint32_t line_index, std::string_view line, std::string_view reason) {
  if (left_out_ > 0 || bytes_ >= bytes_max_) {
    ++left_out_;
    return;
  }
  // Half of the room, so that one long line does not hide the next mistakes.
  const size_t line_bytes_max = std::max<size_t>(64, bytes_max_ / 2);
  std::string text = "unable to parse '";
  text += line.substr(0, line_bytes_max);
  if (line.size() > line_bytes_max) text += "…";
  text += "': ";
  text += reason.substr(0, line_bytes_max);
  bytes_ += text.size() + 1;
  errors_.push_back({line_index, std::move(text)});
}

std::string LineErrors::text() const {
  // Points are rejected after their chunk was read, so lines may come out of order.
  std::vector<const LineError*> ordered;
  ordered.reserve(errors_.size());
  for (const auto& error : errors_) ordered.push_back(&error);
  std::sort(ordered.begin(), ordered.end(),
            [](const auto* a, const auto* b) { return a->line_index < b->line_index; });
  std::string all;
  all.reserve(bytes_ + 64);
  for (const auto* error : ordered) {
    if (!all.empty()) all += '\n';
    all += error->text;
  }
  if (left_out_ > 0) all += "\nand " + std::to_string(left_out_) + " more lines";
  return all;
}

void LineErrors::clear() {
  errors_.clear();
  bytes_ = 0;
  left_out_ = 0;
}

}  // namespace varve::line_protocol
