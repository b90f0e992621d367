// SPDX-License-Identifier: Apache-2.0
// Any bytes parse or are refused; what parses prints as text that parses and prints the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "query/influxql/ast_text.h"
#include "query/influxql/parser.h"
#include "query/influxql/statement_facts.h"

namespace {

using namespace varve::influxql;  // NOLINT

// Smaller than the default: the printed text may need parentheses that the text did not have, and
// must still be within the limits.
constexpr ParseOptions kFirst{.depth_max = 100, .operators_max = 500};
constexpr ParseOptions kAgain{.depth_max = 1000, .operators_max = 10'000};

void check_statement(const Statement& statement) {
  (void)required_privileges(statement);
  (void)default_database(statement);
  const auto warning = read_only_warning(statement);
  CHECK(!warning || changes_state(statement));
  if (std::holds_alternative<CreateUserStatement>(statement)) return;
  if (std::holds_alternative<SetPasswordStatement>(statement)) return;
  const std::string text = to_string(statement);
  const auto again = parse_query(text, kAgain);
  CHECK(again.has_value());
  CHECK(again->size() == 1);
  CHECK(to_string(again->front()) == text);
  const Statement copy = statement;
  CHECK(copy == statement);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)redact_passwords(text);
  const auto statements = parse_query(text, kFirst);
  if (!statements) {
    CHECK(statements.error().code == varve::ErrorCode::kInvalidInput);
    CHECK(!statements.error().message.empty());
    return 0;
  }
  for (const Statement& statement : *statements) check_statement(statement);
  return 0;
}
