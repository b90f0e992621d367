// SPDX-License-Identifier: Apache-2.0
// Finds where lines of line protocol end: a newline inside a quoted string is part of its line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace varve {

/// Reads a text in pieces. Source: InfluxDB, models.scanLine. Threads: one owner.
class LineSplitter {
 public:
  /// A quote that is never closed would make one line of the rest of the file: beyond this size a
  /// newline ends a line wherever it stands.
  static constexpr size_t kLineBytesMax = 1 << 20;

  /// Looks for the end of the present line in the next piece. Gives the number of bytes up to and
  /// with the newline; npos when the line goes on after the piece.
  size_t find_end(std::string_view piece);
  static constexpr size_t npos = std::string_view::npos;

 private:
  void start_line();

  size_t line_bytes_ = 0;
  int64_t equals_minus_commas_ = 0;
  bool in_fields_ = false;
  bool in_quotes_ = false;
  bool escaped_ = false;
};

}  // namespace varve
