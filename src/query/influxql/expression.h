// SPDX-License-Identifier: Apache-2.0
// InfluxQL expressions: what stands in SELECT, WHERE and GROUP BY.
//
//   host = 'a' AND usage * 2 > 5
//
//                     Binary AND
//            ┌────────────┴───────────┐
//         Binary =                 Binary >
//      ┌─────┴─────┐            ┌─────┴─────┐
//   Variable    String       Binary *    Integer
//
// Plain values: copying copies the whole tree. Walk one with std::visit(…, expression.node), or
// ask for one kind: `if (const auto* call = expression.as<Call>())`.
// The parser bounds how high a tree can get (ParseOptions), so that recursion over it is safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "query/influxql/box.h"

namespace varve::influxql {

enum class Operator : uint8_t {
  kAdd, kSubtract, kMultiply, kDivide, kModulo,  // NOLINT
  kBitAnd, kBitOr, kBitXor,
  kAnd, kOr,
  kEqual, kNotEqual, kMatch, kNotMatch,  ///< =  !=  =~  !~
  kLess, kLessOrEqual, kGreater, kGreaterOrEqual,
};

/// "+", "AND", "=~", … as in the language.
std::string_view to_string(Operator op);
/// 5 binds strongest (* / % &), then 4 (+ - | ^), 3 (comparisons), 2 (AND), 1 (OR).
int precedence(Operator op);
/// True for = != =~ !~ < <= > >=.
bool is_comparison(Operator op);
/// True for AND and OR.
bool is_logical(Operator op);

/// What `::` says, or what is known of a variable or an expression.
enum class DataType : uint8_t {
  kUnknown, kFloat, kInteger, kUnsigned, kString, kBoolean, kTime, kDuration,  // NOLINT
  kTag,       ///< `x::tag`
  kAnyField,  ///< `x::field`
};

/// "float", "integer", "unsigned", "string", "boolean", "time", "duration", "tag", "field";
/// "unknown" for kUnknown.
std::string_view to_string(DataType type);

struct Expression;

/// A field, a tag or `time`. `a.b` without quotes is the one name "a.b".
struct Variable {
  std::string name;
  DataType type = DataType::kUnknown;
  friend bool operator==(const Variable&, const Variable&) = default;
};

/// `*`, `*::field`, `*::tag`.
struct Wildcard {
  enum class Kind : uint8_t { kAll, kFields, kTags };
  Kind kind = Kind::kAll;
  friend bool operator==(const Wildcard&, const Wildcard&) = default;
};

/// `mean(usage)`. The name is in lower case, and need not be that of a known function.
struct Call {
  std::string name;
  std::vector<Expression> arguments;
  friend bool operator==(const Call&, const Call&);
};

/// `DISTINCT usage` without parentheses; means the same as the call distinct(usage).
struct Distinct {
  std::string name;
  friend bool operator==(const Distinct&, const Distinct&) = default;
};

struct NumberLiteral {
  double value = 0;
  friend bool operator==(const NumberLiteral&, const NumberLiteral&) = default;
};

struct IntegerLiteral {
  int64_t value = 0;
  friend bool operator==(const IntegerLiteral&, const IntegerLiteral&) = default;
};

/// An integer above the int64 range.
struct UnsignedLiteral {
  uint64_t value = 0;
  friend bool operator==(const UnsignedLiteral&, const UnsignedLiteral&) = default;
};

struct BooleanLiteral {
  bool value = false;
  friend bool operator==(const BooleanLiteral&, const BooleanLiteral&) = default;
};

struct StringLiteral {
  std::string value;
  friend bool operator==(const StringLiteral&, const StringLiteral&) = default;
};

struct DurationLiteral {
  int64_t nanoseconds = 0;
  friend bool operator==(const DurationLiteral&, const DurationLiteral&) = default;
};

/// A pattern that has already been compiled once by the parser, so it is known to be valid for
/// RE2 with its default (Perl-like) syntax. `\/` of the text is `/` here.
struct RegexLiteral {
  std::string pattern;
  friend bool operator==(const RegexLiteral&, const RegexLiteral&) = default;
};

/// A moment. The parser leaves times as strings; whoever folds constants puts these in their place.
struct TimeLiteral {
  int64_t nanoseconds = 0;  ///< Since 1970 UTC.
  friend bool operator==(const TimeLiteral&, const TimeLiteral&) = default;
};

/// No value. Never from the parser; a result of folding constants.
struct NilLiteral {
  friend bool operator==(const NilLiteral&, const NilLiteral&) = default;
};

/// `( … )`; kept, since names of columns and texts of errors show it.
struct Paren {
  Box<Expression> inner;
  friend bool operator==(const Paren&, const Paren&) = default;
};

/// `left op right`. `-f` is Binary{-1 * f}. After =~ and !~ the right side is a RegexLiteral.
struct Binary {
  Operator op;
  Box<Expression> left;
  Box<Expression> right;
  friend bool operator==(const Binary&, const Binary&) = default;
};

struct Expression {
  using Node = std::variant<Variable, Wildcard, Call, Distinct, NumberLiteral, IntegerLiteral,
                            UnsignedLiteral, BooleanLiteral, StringLiteral, DurationLiteral,
                            RegexLiteral, TimeLiteral, NilLiteral, Paren, Binary>;
  Node node;

  /// The node when it is of that kind, else null.
  template <class T>
  const T* as() const { return std::get_if<T>(&node); }
  template <class T>
  T* as() { return std::get_if<T>(&node); }
  template <class T>
  bool is() const { return std::holds_alternative<T>(node); }

  friend bool operator==(const Expression& a, const Expression& b) { return a.node == b.node; }
};

inline bool operator==(const Call& a, const Call& b) {
  return a.name == b.name && a.arguments == b.arguments;
}

inline Expression make_binary(Operator op, Expression left, Expression right) {
  return Expression{Binary{op, std::move(left), std::move(right)}};
}

/// Calls `visit` for the expression and everything inside it, parents first, left to right.
template <class Visit>
void walk(const Expression& expression, Visit&& visit) {
  visit(expression);
  if (const auto* binary = expression.as<Binary>()) {
    walk(*binary->left, visit);
    walk(*binary->right, visit);
  } else if (const auto* paren = expression.as<Paren>()) {
    walk(*paren->inner, visit);
  } else if (const auto* call = expression.as<Call>()) {
    for (const Expression& argument : call->arguments) walk(argument, visit);
  }
}

/// The same for an expression that `visit` may change; a replaced node is then walked as it became.
template <class Visit>
void walk_mutable(Expression& expression, Visit&& visit) {
  visit(expression);
  if (auto* binary = expression.as<Binary>()) {
    walk_mutable(*binary->left, visit);
    walk_mutable(*binary->right, visit);
  } else if (auto* paren = expression.as<Paren>()) {
    walk_mutable(*paren->inner, visit);
  } else if (auto* call = expression.as<Call>()) {
    for (Expression& argument : call->arguments) walk_mutable(argument, visit);
  }
}

/// True when a function call stands anywhere in the expression.
bool has_call(const Expression& expression);

/// The expression without the parentheses around it.
const Expression& strip_parens(const Expression& expression);

/// What InfluxDB calls the kind of node in its messages: "*influxql.VarRef",
/// "*influxql.StringLiteral", "*influxql.Call", …
std::string_view influx_type_name(const Expression& expression);

/// The name of a result column without an alias: that of the variable or the function; for
/// arithmetic those of its operands joined by `_`; else empty.
std::string column_name(const Expression& expression);

}  // namespace varve::influxql
