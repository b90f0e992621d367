// SPDX-License-Identifier: Apache-2.0
// Checks the fields of one SELECT and gathers what the rules about them need to know.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "query/influxql/ast.h"
#include "query/influxql/plan/window.h"

namespace varve::influxql {

/// What was seen in the fields of one SELECT.
struct FieldFacts {
  size_t field_count = 0;
  size_t call_count = 0;
  bool only_selectors = true;
  bool has_distinct = false;
  bool has_plain_fields = false;  ///< Variables or wildcards outside of functions.
  std::string top_or_bottom;      ///< The function's name once it was seen.
  int64_t extra_windows = 0;
};

/// What the fields stand in.
struct FieldContext {
  Interval interval;
  bool inherits_interval = false;
  int64_t limit = 0;
  bool has_target = false;
};

class FieldCompiler {
 public:
  FieldCompiler(const FieldContext& context, FieldFacts& facts)
      : context_(context), facts_(facts) {}

  /// One field. Wildcards are allowed until arithmetic was met.
  Result<void> compile(const Expression& expression);

 private:
  Result<void> compile_binary(const Binary& binary);
  Result<void> compile_call(const Call& call);
  Result<void> compile_math(const Call& call);
  Result<void> compile_simple(const Call& call);
  Result<void> compile_percentile(const Call& call);
  Result<void> compile_sample(const Call& call);
  Result<void> compile_distinct(const std::vector<Expression>& arguments, bool is_nested);
  Result<void> compile_top_bottom(const Call& call);
  Result<void> compile_transform(const Call& call);
  Result<void> compile_moving_average(const Call& call);
  Result<void> compile_technical(const Call& call);
  Result<void> compile_integral(const Call& call);
  Result<void> compile_holt_winters(const Call& call);
  Result<void> compile_nested(const Expression& expression);
  Result<void> compile_symbol(std::string_view name, const Expression& argument);
  Result<void> compile_transform_input(std::string_view name, const Expression& argument,
                                       bool allows_distinct);

  const FieldContext& context_;
  FieldFacts& facts_;
  bool allows_wildcard_ = true;
};

}  // namespace varve::influxql
