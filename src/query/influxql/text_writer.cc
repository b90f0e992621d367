// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/text_writer.h"

#include <ctime>

#include "query/influxql/ast_text.h"
#include "query/influxql/duration.h"
#include "query/influxql/number_text.h"

namespace varve::influxql {
namespace {

// RFC 3339 in UTC with as many digits of the second as are needed.
std::string time_text(int64_t nanoseconds) {
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t fraction = nanoseconds % kSecond;
  std::time_t seconds = nanoseconds / kSecond;
  if (fraction < 0) {
    fraction += kSecond;
    --seconds;
  }
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string result = text;
  if (fraction != 0) {
    std::string digits = std::to_string(fraction + kSecond);
    digits[0] = '.';
    digits.erase(digits.find_last_not_of('0') + 1);
    result += digits;
  }
  return result + "Z";
}

}  // namespace

struct NodeText {
  TextWriter& out;

  void operator()(const Variable& variable) const {
    out.put_name(variable.name);
    if (variable.type == DataType::kUnknown) return;
    out.put("::");
    out.put(to_string(variable.type));
  }
  void operator()(const Wildcard& wildcard) const {
    out.put("*");
    if (wildcard.kind == Wildcard::Kind::kFields) out.put("::field");
    if (wildcard.kind == Wildcard::Kind::kTags) out.put("::tag");
  }
  void operator()(const Call& call) const {
    // The only function whose name is a keyword.
    out.put(call.name == "distinct" ? call.name : quote_identifier(call.name));
    out.put("(");
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      if (i > 0) out.put(", ");
      out.write(call.arguments[i]);
    }
    out.put(")");
  }
  void operator()(const Distinct& distinct) const {
    out.put("DISTINCT ");
    out.put_name(distinct.name);
  }
  void operator()(const NumberLiteral& literal) const {
    const std::string digits = to_plain_text(literal.value);
    out.put(digits);
    // Else it would be read back as an integer.
    if (digits.find_first_not_of("-0123456789") == std::string::npos) out.put(".0");
  }
  void operator()(const IntegerLiteral& literal) const { out.put(std::to_string(literal.value)); }
  void operator()(const UnsignedLiteral& literal) const { out.put(std::to_string(literal.value)); }
  void operator()(const BooleanLiteral& literal) const {
    out.put(literal.value ? "true" : "false");
  }
  void operator()(const StringLiteral& literal) const { out.put(quote_string(literal.value)); }
  void operator()(const DurationLiteral& literal) const {
    out.put(format_duration(literal.nanoseconds));
  }
  void operator()(const RegexLiteral& literal) const { out.put_regex(literal); }
  void operator()(const TimeLiteral& literal) const {
    out.put("'" + time_text(literal.nanoseconds) + "'");
  }
  void operator()(const NilLiteral&) const { out.put("nil"); }
  void operator()(const Paren& paren) const {
    out.put("(");
    out.write(*paren.inner);
    out.put(")");
  }
  void operator()(const Binary& binary) const {
    // The parser makes such trees only of `a / -b`, which it reads as a / (-1 * b).
    const auto* left = binary.left->as<Binary>();
    const auto* right = binary.right->as<Binary>();
    const int own = precedence(binary.op);
    out.put_operand(*binary.left, left != nullptr && precedence(left->op) < own);
    out.put(" ");
    out.put(to_string(binary.op));
    out.put(" ");
    out.put_operand(*binary.right, right != nullptr && precedence(right->op) <= own);
  }
};

void TextWriter::put_operand(const Expression& operand, bool needs_parens) {
  if (needs_parens) put("(");
  write(operand);
  if (needs_parens) put(")");
}

void TextWriter::put_name(std::string_view name) { put(quote_identifier(name)); }

void TextWriter::put_regex(const RegexLiteral& regex) {
  put("/");
  for (const char c : regex.pattern) {
    if (c == '/') text_ += '\\';
    text_ += c;
  }
  put("/");
}

void TextWriter::write(const Expression& expression) {
  std::visit(NodeText{*this}, expression.node);
}

void TextWriter::write(const Field& field) {
  write(field.expression);
  if (field.alias.empty()) return;
  put(" AS ");
  put_name(field.alias);
}

void TextWriter::write(const Measurement& measurement) {
  const bool has_database = !measurement.database.empty();
  if (has_database) {
    put_name(measurement.database);
    put(".");
  }
  if (!measurement.policy.empty()) put_name(measurement.policy);
  if (has_database || !measurement.policy.empty()) put(".");
  if (measurement.regex) {
    put_regex(*measurement.regex);
  } else {
    put_name(measurement.name);
  }
}

void TextWriter::write(const Source& source) {
  if (const auto* subquery = std::get_if<SubQuery>(&source)) {
    put("(");
    write(*subquery->statement);
    put(")");
  } else {
    write(std::get<Measurement>(source));
  }
}

void TextWriter::write(const std::vector<Source>& sources) {
  for (size_t i = 0; i < sources.size(); ++i) {
    if (i > 0) put(", ");
    write(sources[i]);
  }
}

void TextWriter::write(const SelectStatement& statement) {
  put("SELECT ");
  for (size_t i = 0; i < statement.fields.size(); ++i) {
    if (i > 0) put(", ");
    write(statement.fields[i]);
  }
  if (statement.target) put_target(*statement.target);
  put_sources(statement.sources);
  put_condition(statement.condition);
  put_dimensions(statement.dimensions);
  put_fill(statement.fill);
  put_sort(statement.sort);
  put_count(" LIMIT ", statement.limit);
  put_count(" OFFSET ", statement.offset);
  put_count(" SLIMIT ", statement.series_limit);
  put_count(" SOFFSET ", statement.series_offset);
  if (!statement.time_zone.empty()) {
    put(" TZ(");
    put(quote_string(statement.time_zone));
    put(")");
  }
}

void TextWriter::put_target(const Target& target) {
  put(" INTO ");
  const Measurement& measurement = target.measurement;
  if (!target.uses_source_name) {
    write(measurement);
    return;
  }
  const bool has_database = !measurement.database.empty();
  if (has_database) {
    put_name(measurement.database);
    put(".");
  }
  // One of the two names must stand in front of the last dot.
  if (!has_database || !measurement.policy.empty()) put_name(measurement.policy);
  put(".:MEASUREMENT");
}

void TextWriter::put_database(std::string_view database) {
  if (database.empty()) return;
  put(" ON ");
  put_name(database);
}

void TextWriter::put_sources(const std::vector<Source>& sources) {
  if (sources.empty()) return;
  put(" FROM ");
  write(sources);
}

void TextWriter::put_condition(const std::optional<Expression>& condition) {
  if (!condition) return;
  put(" WHERE ");
  write(*condition);
}

void TextWriter::put_dimensions(const std::vector<Dimension>& dimensions) {
  for (size_t i = 0; i < dimensions.size(); ++i) {
    put(i == 0 ? " GROUP BY " : ", ");
    write(dimensions[i].expression);
  }
}

void TextWriter::put_fill(const Fill& fill) {
  switch (fill.mode) {
    case FillMode::kNull: break;
    case FillMode::kNone: put(" fill(none)"); break;
    case FillMode::kPrevious: put(" fill(previous)"); break;
    case FillMode::kLinear: put(" fill(linear)"); break;
    case FillMode::kNumber: {
      const auto* integer = std::get_if<int64_t>(&fill.number);
      put(" fill(");
      put(integer != nullptr ? std::to_string(*integer)
                             : to_plain_text(std::get<double>(fill.number)));
      put(")");
      break;
    }
  }
}

void TextWriter::put_sort(const std::vector<SortField>& sort) {
  for (size_t i = 0; i < sort.size(); ++i) {
    put(i == 0 ? " ORDER BY " : ", ");
    if (!sort[i].name.empty()) {
      put_name(sort[i].name);
      put(" ");
    }
    put(sort[i].is_ascending ? "ASC" : "DESC");
  }
}

void TextWriter::put_count(std::string_view word, int64_t count) {
  if (count <= 0) return;
  put(word);
  put(std::to_string(count));
}

void TextWriter::put_duration(std::string_view word, int64_t nanoseconds) {
  put(word);
  put(format_duration(nanoseconds));
}

}  // namespace varve::influxql
