// SPDX-License-Identifier: Apache-2.0
// What was wrong with which line, for the client. Bounded: a body of nothing but mistakes must not
// grow an answer of its size.
//
// Threads: one owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace varve::line_protocol {

class LineErrors {
 public:
  explicit LineErrors(size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Records "unable to parse 'LINE': REASON". A very long line is cut.
  void add(uint32_t line_index, std::string_view line, std::string_view reason);
  /// In order of lines, joined by newlines; at the end, how many did not fit.
  std::string text() const;
  void clear();

 private:
  struct LineError {
    uint32_t line_index;
    std::string text;
  };

  size_t bytes_max_;
  std::vector<LineError> errors_;
  size_t bytes_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace varve::line_protocol
