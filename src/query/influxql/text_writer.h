// SPDX-License-Identifier: Apache-2.0
// Appends trees as text; used by ast_text.cc only.
//   text_writer.cc      expressions and the clauses of SELECT
//   statement_text.cc   statements
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/influxql/ast.h"

namespace varve::influxql {

class TextWriter {
 public:
  std::string text() && { return std::move(text_); }

  void write(const Expression& expression);
  void write(const Field& field);
  void write(const Measurement& measurement);
  void write(const Source& source);
  void write(const std::vector<Source>& sources);
  void write(const Statement& statement);
  void write(const SelectStatement& statement);

 private:
  friend struct NodeText;
  friend struct StatementText;

  void put(std::string_view text) { text_ += text; }
  void put_name(std::string_view name);
  // ` ON db`, unless it is empty.
  void put_database(std::string_view database);
  void put_sources(const std::vector<Source>& sources);
  void put_condition(const std::optional<Expression>& condition);
  void put_dimensions(const std::vector<Dimension>& dimensions);
  void put_fill(const Fill& fill);
  void put_sort(const std::vector<SortField>& sort);
  // ` LIMIT 10`, unless the count is 0.
  void put_count(std::string_view word, int64_t count);
  // ` WORD 1h`.
  void put_duration(std::string_view word, int64_t nanoseconds);
  void put_target(const Target& target);
  void put_key(const TagKeyFilter& key);
  void put_regex(const RegexLiteral& regex);
  // One side of an operator, in parentheses where the tree would else be read back differently.
  void put_operand(const Expression& operand, bool needs_parens);

  std::string text_;
};

}  // namespace varve::influxql
