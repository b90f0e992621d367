// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/expand_fields.h"

#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "query/influxql/ast_text.h"

namespace varve::influxql {
namespace {

bool is_wildcard(const Expression& expression) {
  return expression.is<Wildcard>() || expression.is<RegexLiteral>();
}

/// Chooses among names: all of them, or those that match.
class NameFilter {
 public:
  explicit NameFilter(const Expression& wildcard) {
    if (const auto* regex = wildcard.as<RegexLiteral>()) {
      regex_ = std::make_unique<re2::RE2>(regex->pattern, re2::RE2::Quiet);
    } else {
      kind_ = wildcard.as<Wildcard>()->kind;
    }
  }
  bool takes(const Variable& variable) const {
    if (regex_ != nullptr) return re2::RE2::PartialMatch(variable.name, *regex_);
    if (kind_ == Wildcard::Kind::kAll) return true;
    return (variable.type == DataType::kTag) == (kind_ == Wildcard::Kind::kTags);
  }
  bool is_tags_only() const { return regex_ == nullptr && kind_ == Wildcard::Kind::kTags; }

 private:
  std::unique_ptr<re2::RE2> regex_;
  Wildcard::Kind kind_ = Wildcard::Kind::kAll;
};

bool function_takes(std::string_view name, DataType type) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  switch (type) {
    case DataType::kFloat:
    case DataType::kInteger:
      return true;
    case DataType::kUnsigned:
      return !is_one_of({"holt_winters", "holt_winters_with_fit"});
    case DataType::kString:
      return is_one_of({"count", "first", "last", "distinct", "elapsed", "mode", "sample"});
    case DataType::kBoolean:
      return is_one_of(
          {"count", "first", "last", "distinct", "elapsed", "mode", "sample", "min", "max"});
    default:
      return false;
  }
}

// The innermost call of nested ones: derivative(mean(*)) gives mean(*).
Call& innermost(Call& call) {
  Call* inner = &call;
  while (!inner->arguments.empty()) {
    auto* next = inner->arguments[0].as<Call>();
    if (next == nullptr) break;
    inner = next;
  }
  return *inner;
}

Result<void> expand_call(const Field& field, const std::vector<Variable>& names,
                         std::vector<Field>& expanded) {
  Expression copy = field.expression;
  Call& call = innermost(*copy.as<Call>());
  if (call.arguments.empty() || !is_wildcard(call.arguments[0])) {
    expanded.push_back(field);
    return {};
  }
  const NameFilter filter(call.arguments[0]);
  if (filter.is_tags_only()) {
    return fail(ErrorCode::kInvalidInput, "unable to use tag wildcard in " + call.name + "()");
  }
  for (const Variable& name : names) {
    if (name.type == DataType::kTag || !function_takes(call.name, name.type)) continue;
    if (!filter.takes(name)) continue;
    call.arguments[0] = Expression{name};
    expanded.push_back({.expression = copy, .alias = column_name(field) + "_" + name.name});
  }
  return {};
}

Result<void> refuse_wildcards_inside(const Field& field) {
  bool has_regex = false;
  bool has_star = false;
  // What is matched against in a comparison is no wildcard, but comparisons do not parse here.
  walk(field.expression, [&](const Expression& part) {
    has_regex = has_regex || part.is<RegexLiteral>();
    has_star = has_star || part.is<Wildcard>();
  });
  if (has_star) {
    return fail(ErrorCode::kInvalidInput,
                "unsupported expression with wildcard: " + to_string(field.expression));
  }
  if (has_regex) {
    return fail(ErrorCode::kInvalidInput,
                "unsupported expression with regex field: " + to_string(field.expression));
  }
  return {};
}

Result<std::vector<Field>> expand(const std::vector<Field>& fields,
                                  const std::vector<Variable>& names) {
  std::vector<Field> expanded;
  for (const Field& field : fields) {
    if (is_wildcard(field.expression)) {
      const NameFilter filter(field.expression);
      for (const Variable& name : names) {
        if (filter.takes(name)) expanded.push_back({.expression = Expression{name}, .alias = {}});
      }
    } else if (field.expression.is<Call>()) {
      TRY_VOID(expand_call(field, names, expanded));
    } else {
      if (field.expression.is<Binary>()) TRY_VOID(refuse_wildcards_inside(field));
      expanded.push_back(field);
    }
  }
  return expanded;
}

}  // namespace

bool has_wildcard(const std::vector<Field>& fields) {
  bool found = false;
  for (const Field& field : fields) {
    walk(field.expression, [&](const Expression& part) { found = found || is_wildcard(part); });
  }
  return found;
}

bool has_wildcard(const std::vector<Dimension>& dimensions) {
  return std::any_of(dimensions.begin(), dimensions.end(), [](const Dimension& dimension) {
    return is_wildcard(dimension.expression);
  });
}

Result<void> expand_wildcards(SelectStatement& select, const SourceNames& names) {
  std::vector<Variable> fields;
  for (const auto& [name, type] : names.fields) fields.push_back({.name = name, .type = type});
  std::set<std::string> tags = names.tags;
  const bool dimensions_expand = has_wildcard(select.dimensions);
  if (!dimensions_expand) {
    for (const Dimension& dimension : select.dimensions) {
      if (const auto* variable = dimension.expression.as<Variable>()) tags.erase(variable->name);
    }
    // Without any field there is nothing to show, not even tags.
    if (!fields.empty()) {
      for (const std::string& tag : tags) fields.push_back({.name = tag, .type = DataType::kTag});
    }
  }
  std::stable_sort(fields.begin(), fields.end(), [](const Variable& a, const Variable& b) {
    return a.name < b.name;
  });
  if (has_wildcard(select.fields)) select.fields = TRY(expand(select.fields, fields));
  if (!dimensions_expand) return {};
  std::vector<Dimension> dimensions;
  for (const Dimension& dimension : select.dimensions) {
    if (!is_wildcard(dimension.expression)) {
      dimensions.push_back(dimension);
      continue;
    }
    const NameFilter filter(dimension.expression);
    for (const std::string& tag : tags) {
      const Variable variable{.name = tag, .type = DataType::kTag};
      if (filter.takes(variable)) dimensions.push_back({Expression{Variable{.name = tag}}});
    }
  }
  select.dimensions = std::move(dimensions);
  return {};
}

}  // namespace varve::influxql
