// SPDX-License-Identifier: Apache-2.0
// The lines that were typed, in a file: one a line, the newest last.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace varve {

/// Whether the line holds nothing that is secret: no PASSWORD, no `auth`.
bool belongs_in_history(std::string_view line);

/// A file that cannot be read or written is none: the shell works without.
/// Threads: one owner. Several shells may add to one file at the same time.
class ShellHistory {
 public:
  /// `path` empty: nothing is kept. The newest `lines_max` are loaded, and the file shrunk to them
  /// once it holds twice as many.
  explicit ShellHistory(std::string path, size_t lines_max = 1'000);

  /// What was typed in earlier shells.
  const std::vector<std::string>& lines() const { return lines_; }
  /// Adds a line that belongs_in_history().
  void add(std::string_view line) const;

 private:
  std::string path_;
  std::vector<std::string> lines_;
};

/// .varve_history in the home folder; empty without one.
std::string shell_history_path();

}  // namespace varve
