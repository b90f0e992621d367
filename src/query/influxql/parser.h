// SPDX-License-Identifier: Apache-2.0
// InfluxQL text in, statements out. The whole grammar of InfluxDB 1.8 with what 1.11 and 1.12
// added, and CREATE | DROP | SHOW MATERIALIZED VIEW(S).
//
// Pure: no clock, no catalog; the only thing asked outside is whether a time zone exists.
// Threads: safe anywhere.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/influxql/ast.h"
#include "query/influxql/parameters.h"

namespace varve::influxql {

struct ParseOptions {
  const Parameters* parameters = nullptr;  ///< Null: none. Outlives the call.
  /// How deep parentheses and calls may nest.
  size_t depth_max = 1000;
  /// How deep subqueries may nest. Lower, since a level costs whoever runs it more than a frame.
  size_t subquery_depth_max = 100;
  /// How many operators one expression may have: a chain `a OR b OR …` is a tree that high.
  size_t operators_max = 10'000;
};

/// Parses statements separated by `;`; empty ones are skipped. An error is kInvalidInput and its
/// message is InfluxDB's (without "error parsing query: ", which the door puts in front), such as
/// `found EOF, expected FROM at line 1, char 9`.
Result<std::vector<Statement>> parse_query(std::string_view text,
                                           const ParseOptions& options = {});

/// Parses a single expression, as it stands in WHERE, up to the end of the text.
Result<Expression> parse_expression(std::string_view text, const ParseOptions& options = {});

}  // namespace varve::influxql
