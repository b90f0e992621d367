// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/regex_check.h"

#include <re2/re2.h>

#include <string>

namespace varve::influxql {
namespace {

std::string_view go_words(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape: return "invalid escape sequence";
    case RE2::ErrorBadCharClass: return "invalid character class";
    case RE2::ErrorBadCharRange: return "invalid character class range";
    case RE2::ErrorMissingBracket: return "missing closing ]";
    case RE2::ErrorMissingParen: return "missing closing )";
    case RE2::ErrorUnexpectedParen: return "unexpected )";
    case RE2::ErrorTrailingBackslash: return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument: return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize: return "invalid repeat count";
    case RE2::ErrorRepeatOp: return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp: return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8: return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture: return "invalid named capture";
    case RE2::ErrorPatternTooLarge: return "expression too large";
    case RE2::NoError:
    case RE2::ErrorInternal: break;
  }
  return "regexp/syntax: internal error";
}

// Source: Go, regexp/syntax, maxHeight.
constexpr size_t kNestingMax = 1'000;
// Compiling takes time with their square, matching with their number: a hundred thousand took
// minutes, and no timeout ends a match. Alternatives, of which dashboards make thousands, are
// cheap.
constexpr size_t kRepetitionsMax = 1'000;

/// The words for a pattern that would cost too much; empty for any other.
std::string_view cost_fault(std::string_view pattern) {
  size_t depth = 0;
  size_t repetitions = 0;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
    } else if (c == '(') {
      if (++depth > kNestingMax) return "expression nests too deeply";
      if (i + 1 < pattern.size() && pattern[i + 1] == '?') ++i;
    } else if (c == ')') {
      depth -= depth > 0 ? 1 : 0;
    } else if (c == '*' || c == '+' || c == '?' || c == '{') {
      if (++repetitions > kRepetitionsMax) return "expression too large";
    }
  }
  return {};
}

}  // namespace

Result<void> check_regex(std::string_view pattern) {
  if (const auto fault = cost_fault(pattern); !fault.empty()) {
    constexpr size_t kShownBytes = 100;
    return fail(ErrorCode::kInvalidInput, "error parsing regexp: " + std::string(fault) + ": `" +
                                              std::string(pattern.substr(0, kShownBytes)) + "`");
  }
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), RE2::Quiet);
  if (regex.ok()) return {};
  std::string message = "error parsing regexp: ";
  message += go_words(regex.error_code());
  if (regex.error_code() != RE2::ErrorTrailingBackslash) {
    // An open parenthesis is only noticed at the end: then the whole pattern is shown.
    const bool is_whole = regex.error_code() == RE2::ErrorMissingParen ||
                          regex.error_code() == RE2::ErrorUnexpectedParen;
    message += ": `" + (is_whole ? std::string(pattern) : regex.error_arg()) + "`";
  } else {
    message += ": ``";
  }
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

}  // namespace varve::influxql
