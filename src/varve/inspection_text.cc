// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "varve/inspection.h"

namespace varve {
namespace {

constexpr size_t kGap = 2;

std::string cell_text(const Inspection& value) {
  if (value.is_null()) return "";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  std::string text = value.is_string() ? value.get<std::string>() : inspection_json(value);
  // Names may hold anything; a table has one line for each row.
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

void pad(std::string& line, const std::string& text, size_t width) {
  line += text;
  line.append(width - std::min(width, text.size()) + kGap, ' ');
}

void end_line(std::string& out, std::string line) {
  while (line.ends_with(' ')) line.pop_back();
  out += line + "\n";
}

// Objects with the members of the first, or more.
std::string table_text(const Inspection& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) {
    for (const auto& [name, value] : row.items()) {
      if (std::ranges::count(names, name) == 0) names.push_back(name);
    }
  }
  std::vector<size_t> widths;
  std::string out;
  for (const std::string& name : names) {
    size_t width = name.size();
    for (const auto& row : rows) {
      if (row.contains(name)) width = std::max(width, cell_text(row.at(name)).size());
    }
    widths.push_back(width);
  }
  std::string head = "  ";
  for (size_t i = 0; i < names.size(); ++i) pad(head, names[i], widths[i]);
  end_line(out, std::move(head));
  for (const auto& row : rows) {
    std::string line = "  ";
    for (size_t i = 0; i < names.size(); ++i) {
      pad(line, row.contains(names[i]) ? cell_text(row.at(names[i])) : "", widths[i]);
    }
    end_line(out, std::move(line));
  }
  return out;
}

}  // namespace

std::string inspection_text(const Inspection& inspection) {
  size_t width = 0;
  for (const auto& [name, value] : inspection.items()) {
    if (!value.is_array()) width = std::max(width, name.size());
  }
  std::string out;
  for (const auto& [name, value] : inspection.items()) {
    if (value.is_array()) continue;
    std::string line;
    pad(line, name, width);
    end_line(out, line + cell_text(value));
  }
  for (const auto& [name, value] : inspection.items()) {
    if (!value.is_array() || value.empty()) continue;
    out += "\n" + name + "\n" + table_text(value);
  }
  return out;
}

std::string inspection_json(const Inspection& inspection) {
  return inspection.dump(-1, ' ', false, Inspection::error_handler_t::replace);
}

}  // namespace varve
