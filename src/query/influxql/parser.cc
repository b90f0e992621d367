// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/parser.h"

#include "query/influxql/statement_parser.h"

namespace varve::influxql {

Result<std::vector<Statement>> parse_query(std::string_view text, const ParseOptions& options) {
  return StatementParser(text, options).parse_all();
}

Result<Expression> parse_expression(std::string_view text, const ParseOptions& options) {
  return StatementParser(text, options).parse_only_expression();
}

}  // namespace varve::influxql
