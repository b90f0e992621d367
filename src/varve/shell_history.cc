// SPDX-License-Identifier: Apache-2.0
#include "varve/shell_history.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace varve {
namespace {

std::string lower_text(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return small;
}

/// One write, so that lines of two shells do not mix. Only the owner may read the file.
bool write_lines(const std::string& path, int flags, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (file < 0) return false;
  const bool is_private = ::fchmod(file, 0600) == 0;
  const bool is_written =
      is_private && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return is_written;
}

}  // namespace

bool belongs_in_history(std::string_view line) {
  const auto text = lower_text(line);
  const auto begin = text.find_first_not_of(" \t;");
  if (begin == std::string::npos || text.find("password") != std::string::npos) return false;
  // Also behind a semicolon: one word too much refuses good lines, never keeps bad ones.
  for (auto found = text.find("auth"); found != std::string::npos;
       found = text.find("auth", found + 1)) {
    const auto before = found == 0 ? std::string::npos : text.find_last_not_of(" \t", found - 1);
    if (before == std::string::npos || text[before] == ';') return false;
  }
  return true;
}

ShellHistory::ShellHistory(std::string path, size_t lines_max) : path_(std::move(path)) {
  if (path_.empty()) return;
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) lines_.push_back(std::move(line));
  }
  const size_t found_count = lines_.size();
  if (found_count <= lines_max) return;
  lines_.erase(lines_.begin(), lines_.end() - static_cast<ptrdiff_t>(lines_max));
  if (found_count < 2 * lines_max) return;
  std::string text;
  for (const auto& line : lines_) text += line + "\n";
  const std::string fresh = path_ + ".new";
  if (write_lines(fresh, O_TRUNC, text)) std::rename(fresh.c_str(), path_.c_str());
}

void ShellHistory::add(std::string_view line) const {
  if (path_.empty() || !belongs_in_history(line)) return;
  write_lines(path_, O_APPEND, std::string(line) + "\n");
}

std::string shell_history_path() {
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? std::string() : std::string(home) + "/.varve_history";
}

}  // namespace varve
