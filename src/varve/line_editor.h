// SPDX-License-Identifier: Apache-2.0
// Lines typed at a terminal, with the keys of an editor and the lines before. Over libedit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace varve {

enum class TypedEnd : uint8_t { kLine, kInterrupt, kEnd };

struct TypedLine {
  TypedEnd end = TypedEnd::kEnd;
  std::string text;  ///< Without its newline; empty unless kLine.
};

/// Reads standard input and draws on standard output; wants note_interrupts() before.
/// Threads: one owner.
class LineEditor {
 public:
  LineEditor();
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// A line that the arrow keys and Ctrl-R find.
  void remember(std::string_view line);
  /// kInterrupt: Ctrl-C, the line is gone. kEnd: Ctrl-D, or the terminal went away.
  TypedLine read(const std::string& prompt);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace varve
