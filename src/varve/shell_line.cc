// SPDX-License-Identifier: Apache-2.0
#include "varve/shell_line.h"

#include <algorithm>
#include <array>

namespace varve {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return small;
}

/// Takes the first word off; what is left has no space in front.
std::string_view take_word(std::string_view& rest) {
  const auto end = std::min(rest.find_first_of(kSpace), rest.size());
  const auto word = rest.substr(0, end);
  rest = trimmed(rest.substr(end));
  return word;
}

bool is_insert(std::string_view part) {
  part = trimmed(part);
  return lower(take_word(part)) == "insert";
}

/// Whether a slash after this text begins a regular expression; else it divides.
bool expects_regex(std::string_view before) {
  before = trimmed(before);
  if (before.empty()) return false;
  if (std::string_view("~(,.").find(before.back()) != std::string_view::npos) return true;
  const auto space = before.find_last_of(kSpace);
  const auto word = lower(space == std::string_view::npos ? before : before.substr(space + 1));
  static constexpr std::array<std::string_view, 5> kWords{"from", "select", "by", "in", "into"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

/// Index after what is quoted by `quote` and begins at `begin`; a backslash guards the next byte.
size_t end_of_quoted(std::string_view line, size_t begin, char quote) {
  for (size_t i = begin + 1; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == quote) {
      return i + 1;
    }
  }
  return line.size();
}

/// Index after the quoted text, expression or comment at `i`; `i` when there is none.
size_t end_of_guarded(std::string_view line, size_t part_begin, size_t i) {
  const auto rest = line.substr(i);
  if (rest.front() == '\'' || rest.front() == '"') return end_of_quoted(line, i, rest.front());
  if (rest.starts_with("--")) return std::min(line.find('\n', i), line.size());
  if (rest.starts_with("/*")) {
    const auto end = line.find("*/", i + 2);
    return end == std::string_view::npos ? line.size() : end + 2;
  }
  if (rest.front() == '/' && expects_regex(line.substr(part_begin, i - part_begin))) {
    return end_of_quoted(line, i, '/');
  }
  return i;
}

/// Takes a name, bare or in double quotes, up to `.`, a space or the end.
Result<std::string> take_name(std::string_view& rest) {
  std::string name;
  if (!rest.starts_with('"')) {
    const auto end = std::min(rest.find_first_of(" \t\r\n.;\""), rest.size());
    name = std::string(rest.substr(0, end));
    rest.remove_prefix(end);
    if (name.empty()) return fail(ErrorCode::kInvalidInput, "a name is missing");
    return name;
  }
  for (size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return name;
    }
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    name += rest[i];
  }
  return fail(ErrorCode::kInvalidInput, "a name has no closing quote");
}

struct Names {
  std::string first;
  std::string second;
};

/// "a" or "a.b"; `rest` is left behind it, without space in front.
Result<Names> take_names(std::string_view& rest) {
  Names names{.first = TRY(take_name(rest)), .second = {}};
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    names.second = TRY(take_name(rest));
  }
  rest = trimmed(rest);
  return names;
}

Result<ShellLine> parse_use(std::string_view rest) {
  auto names = take_names(rest);
  if (!names || !rest.empty()) {
    return fail(ErrorCode::kInvalidInput, "write: use DATABASE, or use DATABASE.POLICY");
  }
  return UseLine{std::move(names->first), std::move(names->second)};
}

Result<ShellLine> parse_precision(std::string_view rest) {
  static constexpr std::array<std::string_view, 8> kUnits{"h", "m",  "s",  "ms",
                                                          "u", "us", "ns", "n"};
  const auto unit = lower(rest);
  if (unit == "rfc3339") return PrecisionLine{};
  if (std::find(kUnits.begin(), kUnits.end(), unit) == kUnits.end()) {
    return fail(ErrorCode::kInvalidInput, "write: precision rfc3339, h, m, s, ms, u or ns");
  }
  return PrecisionLine{unit == "us" ? "u" : unit == "n" ? "ns" : unit};
}

Result<ShellLine> parse_format(std::string_view rest) {
  const auto word = lower(rest);
  if (word == "column" || word == "table") return FormatLine{PrintFormat::kTable};
  if (word == "csv") return FormatLine{PrintFormat::kCsv};
  if (word == "json") return FormatLine{PrintFormat::kJson};
  return fail(ErrorCode::kInvalidInput, "write: format column, csv or json");
}

Result<ShellLine> parse_insert(std::string_view rest) {
  InsertLine insert;
  std::string_view after = rest;
  if (lower(take_word(after)) == "into") {
    auto names = take_names(after);
    if (!names) return fail(ErrorCode::kInvalidInput, "write: insert into POLICY LINE");
    const bool has_database = !names->second.empty();
    insert.database = has_database ? std::move(names->first) : std::string();
    insert.policy = std::move(has_database ? names->second : names->first);
    rest = after;
  }
  if (rest.empty()) {
    return fail(ErrorCode::kInvalidInput,
                "write: insert MEASUREMENT,TAG=VALUE FIELD=VALUE TIME, or insert into POLICY …");
  }
  insert.text = std::string(rest);
  return insert;
}

Result<ShellLine> parse_auth(std::string_view rest) {
  const auto user = take_word(rest);
  // A password on the line would stand on the screen.
  if (!rest.empty()) return fail(ErrorCode::kInvalidInput, "write: auth, or auth NAME");
  return AuthLine{std::string(user)};
}

}  // namespace

std::vector<std::string_view> split_shell_line(std::string_view line) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (size_t i = 0; i < line.size();) {
    if (i == begin && is_insert(line.substr(begin))) break;
    if (line[i] == ';') {
      parts.push_back(line.substr(begin, i - begin));
      begin = ++i;
      continue;
    }
    const size_t end = end_of_guarded(line, begin, i);
    i = std::max(end, i + 1);
  }
  parts.push_back(line.substr(begin));
  std::erase_if(parts, [](std::string_view part) { return trimmed(part).empty(); });
  return parts;
}

Result<ShellLine> parse_shell_line(std::string_view part) {
  part = trimmed(part);
  if (!is_insert(part)) {
    while (part.ends_with(';')) part = trimmed(part.substr(0, part.size() - 1));
  }
  if (part.empty()) return std::monostate{};
  std::string_view rest = part;
  const auto word = lower(take_word(rest));
  if (word == "use") return parse_use(rest);
  if (word == "precision") return parse_precision(rest);
  if (word == "format") return parse_format(rest);
  if (word == "insert") return parse_insert(rest);
  if (word == "auth") return parse_auth(rest);
  if (word == "help") return HelpLine{};
  if (rest.empty()) {
    if (word == "settings") return SettingsLine{};
    if (word == "chunked") return ChunkedLine{};
    if (word == "exit" || word == "quit") return ExitLine{};
  }
  return StatementLine{std::string(part)};
}

}  // namespace varve
