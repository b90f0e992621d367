// SPDX-License-Identifier: Apache-2.0
// Statements and expressions as InfluxQL text, worded as InfluxDB does: for continuous queries,
// EXPLAIN and messages. Parsing the text again gives a tree that prints the same. Passwords appear
// as [REDACTED], so CREATE USER and SET PASSWORD are the two that do not parse again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/influxql/ast.h"

namespace varve::influxql {

std::string to_string(const Statement& statement);
std::string to_string(const SelectStatement& statement);
/// Joined by ";\n".
std::string to_string(const std::vector<Statement>& statements);

std::string to_string(const Expression& expression);
std::string to_string(const Field& field);
std::string to_string(const Measurement& measurement);
std::string to_string(const Source& source);
std::string to_string(const std::vector<Source>& sources);

/// The name, in double quotes where the language needs them.
std::string quote_identifier(std::string_view name);
/// In single quotes.
std::string quote_string(std::string_view text);

}  // namespace varve::influxql
