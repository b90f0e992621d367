// SPDX-License-Identifier: Apache-2.0
#include "varve/result_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace varve {
namespace {

using nlohmann::json;

struct Cell {
  std::string text;
  bool is_number = false;
};
using Row = std::vector<Cell>;

std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

/// A text without what would move the cursor.
std::string printable(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c == '\n') {
      clean += "\\n";
    } else if (c == '\t') {
      clean += "\\t";
    } else {
      clean += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
  }
  return clean;
}

Cell cell_of(const json& element) {
  if (element.is_number_unsigned()) return {std::to_string(element.get<uint64_t>()), true};
  if (element.is_number_integer()) return {std::to_string(element.get<int64_t>()), true};
  if (element.is_number_float()) return {number_text(element.get<double>()), true};
  if (element.is_boolean()) return {element.get<bool>() ? "true" : "false"};
  if (element.is_string()) return {printable(element.get_ref<const std::string&>())};
  return {};
}

std::string text_member(const json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The array of that name; an empty one when there is none.
const json& list_member(const json& object, const char* name) {
  static const json none = json::array();
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : none;
}

void append_padded(std::string& out, const Cell& cell, size_t width) {
  const std::string space(width - display_width(cell.text), ' ');
  out += cell.is_number ? space + cell.text : cell.text + space;
}

void append_row(std::string& out, const Row& row, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < widths.size(); ++i) {
    line += i == 0 ? " " : " │ ";
    append_padded(line, i < row.size() ? row[i] : Cell{}, widths[i]);
  }
  while (line.ends_with(' ')) line.pop_back();
  out += line + "\n";
}

void draw_series(const json& series, std::string& out) {
  std::string title = printable(text_member(series, "name"));
  if (series.is_object() && series.contains("tags")) {
    for (const auto& [name, value] : series["tags"].items()) {
      title += (title.empty() ? "" : "  ") + printable(name) + "=" + cell_of(value).text;
    }
  }
  Row header;
  for (const auto& name : list_member(series, "columns")) header.push_back(cell_of(name));
  std::vector<Row> rows;
  for (const auto& values : list_member(series, "values")) {
    Row row;
    for (const auto& value : values) row.push_back(cell_of(value));
    rows.push_back(std::move(row));
  }
  std::vector<size_t> widths;
  for (size_t i = 0; i < header.size(); ++i) {
    size_t width = display_width(header[i].text);
    bool has_numbers = false;
    for (const auto& row : rows) {
      if (i >= row.size()) continue;
      width = std::max(width, display_width(row[i].text));
      has_numbers = has_numbers || row[i].is_number;
    }
    header[i].is_number = has_numbers;
    widths.push_back(width);
  }
  if (!out.empty()) out += "\n";
  if (!title.empty()) out += title + "\n";
  append_row(out, header, widths);
  for (size_t i = 0; i < widths.size(); ++i) {
    if (i > 0) out += "┼";
    for (size_t j = 0; j < widths[i] + 2; ++j) out += "─";
  }
  out += "\n";
  for (const auto& row : rows) append_row(out, row, widths);
}

}  // namespace

size_t display_width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

Result<DrawnAnswer> draw_answer(std::string_view text) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return fail(ErrorCode::kInvalidInput, "the answer is no JSON");
  DrawnAnswer answer;
  if (auto error = text_member(document, "error"); !error.empty()) {
    answer.errors.push_back(std::move(error));
  }
  for (const auto& result : list_member(document, "results")) {
    if (auto error = text_member(result, "error"); !error.empty()) {
      answer.errors.push_back(std::move(error));
    }
    for (const auto& message : list_member(result, "messages")) {
      answer.messages.push_back(text_member(message, "text"));
    }
    for (const auto& series : list_member(result, "series")) draw_series(series, answer.text);
  }
  return answer;
}

}  // namespace varve
