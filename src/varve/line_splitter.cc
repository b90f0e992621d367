// SPDX-License-Identifier: Apache-2.0
#include "varve/line_splitter.h"

namespace varve {

size_t LineSplitter::find_end(std::string_view piece) {
  for (size_t i = 0; i < piece.size(); ++i) {
    const char c = piece[i];
    ++line_bytes_;
    const bool ends_anyway = line_bytes_ > kLineBytesMax;
    if (c == '\n' && (!in_quotes_ || ends_anyway) && (!escaped_ || ends_anyway)) {
      start_line();
      return i + 1;
    }
    if (escaped_) {
      escaped_ = false;
      continue;
    }
    if (c == '\\') {
      escaped_ = true;
    } else if (c == ' ') {
      in_fields_ = true;
    } else if (in_fields_) {
      // A quote opens a string only where a value stands: after more '=' than ','.
      if (c == '"' && (in_quotes_ || equals_minus_commas_ > 0)) in_quotes_ = !in_quotes_;
      if (!in_quotes_ && c == '=') ++equals_minus_commas_;
      if (!in_quotes_ && c == ',') --equals_minus_commas_;
    }
  }
  return npos;
}

void LineSplitter::start_line() { *this = LineSplitter(); }

}  // namespace varve
