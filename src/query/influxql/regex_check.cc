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

}  // namespace

Result<void> check_regex(std::string_view pattern) {
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
