// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/ast_text.h"

#include "query/influxql/duration.h"
#include "query/influxql/number_text.h"
#include "query/influxql/text_writer.h"
#include "query/influxql/token.h"

namespace varve::influxql {
namespace {

std::string escape(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == '\n') {
      quoted += "\\n";
      continue;
    }
    if (c == '\\' || c == quote) quoted += '\\';
    quoted += c;
  }
  return quoted + quote;
}

}  // namespace

std::string quote_string(std::string_view text) { return escape(text, '\''); }

std::string quote_identifier(std::string_view name) {
  bool is_plain = !name.empty() && is_name_start(static_cast<unsigned char>(name.front()));
  for (const char c : name) is_plain = is_plain && is_name_part(static_cast<unsigned char>(c));
  if (is_plain && find_keyword(name) == TokenKind::kIdentifier) return std::string(name);
  return escape(name, '"');
}

std::string to_string(const Statement& statement) {
  TextWriter writer;
  writer.write(statement);
  return std::move(writer).text();
}

std::string to_string(const SelectStatement& statement) {
  TextWriter writer;
  writer.write(statement);
  return std::move(writer).text();
}

std::string to_string(const std::vector<Statement>& statements) {
  std::string text;
  for (const Statement& statement : statements) {
    if (!text.empty()) text += ";\n";
    text += to_string(statement);
  }
  return text;
}

std::string to_string(const Expression& expression) {
  TextWriter writer;
  writer.write(expression);
  return std::move(writer).text();
}

std::string to_string(const Field& field) {
  TextWriter writer;
  writer.write(field);
  return std::move(writer).text();
}

std::string to_string(const Measurement& measurement) {
  TextWriter writer;
  writer.write(measurement);
  return std::move(writer).text();
}

std::string to_string(const Source& source) {
  TextWriter writer;
  writer.write(source);
  return std::move(writer).text();
}

std::string to_string(const std::vector<Source>& sources) {
  TextWriter writer;
  writer.write(sources);
  return std::move(writer).text();
}

}  // namespace varve::influxql
