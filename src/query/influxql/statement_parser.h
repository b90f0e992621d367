// SPDX-License-Identifier: Apache-2.0
// The grammar, one function for each rule; used by parser.cc only. A function is called with the
// words that led to it already read, and leaves the first word that is not its own unread.
//
//   statement_parser.cc   which statement it is, and the small parts that many share
//   parse_expression.cc   expressions, regular expressions
//   parse_select.cc       SELECT and its clauses, EXPLAIN
//   parse_show.cc         SHOW
//   parse_schema.cc       databases, policies, removing data, continuous queries, subscriptions
//   parse_users.cc        users and privileges
//
// Source: InfluxDB 1.8 to 1.12, package influxql: the order of clauses, the words of messages and
// the places that they name.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/influxql/ast.h"
#include "query/influxql/parser.h"
#include "query/influxql/token_stream.h"

namespace varve::influxql {

/// One parser for one text; one thread.
class StatementParser {
 public:
  StatementParser(std::string_view text, const ParseOptions& options)
      : tokens_(text, options.parameters), options_(options) {}

  Result<std::vector<Statement>> parse_all();
  /// An expression, and then the end of the text.
  Result<Expression> parse_only_expression();

 private:
  // Counts a level of nesting for as long as it lives.
  class Nesting {
   public:
    explicit Nesting(size_t& depth) : depth_(depth) { ++depth_; }
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    size_t& depth_;
  };

  // Whether a SELECT must say INTO.
  enum class IntoRule { kOptional, kRequired };
  enum class SubqueryRule { kAllowed, kForbidden };

  // ---- statement_parser.cc ----
  struct Branch;
  static Branch show_branch();
  static Branch create_branch();
  static Branch drop_branch();
  static Branch any_statement();
  Result<Statement> parse_statement();

  tl::unexpected<Error> unexpected(const Token& found,
                                   std::span<const std::string_view> expected) const;
  tl::unexpected<Error> unexpected(const Token& found,
                                   std::initializer_list<std::string_view> expected) const;
  tl::unexpected<Error> fail_at(std::string message, size_t position) const;
  tl::unexpected<Error> too_deep() const;
  tl::unexpected<Error> too_many_subqueries() const;
  tl::unexpected<Error> too_many_operators() const;

  // True and read if the next word is of that kind; else it is left.
  bool accept(TokenKind kind);
  // The same for a word that is no keyword, in any case.
  bool accept_word(std::string_view lower_word);
  Result<void> expect(TokenKind kind);
  Result<void> expect(std::initializer_list<TokenKind> kinds);
  Result<void> expect_word(std::string_view lower_word, std::string_view shown);
  void skip_space();

  Result<std::string> parse_identifier();
  Result<std::vector<std::string>> parse_identifier_list();
  // `a.b.c`: one to three names. Stops after a dot in front of `/` or `:`.
  Result<std::vector<std::string>> parse_segments();
  Result<std::string> parse_string();
  Result<std::vector<std::string>> parse_string_list();
  Result<int64_t> parse_integer(int64_t first, int64_t last);
  Result<uint64_t> parse_unsigned();
  Result<int64_t> parse_duration_or_inf();
  Result<int64_t> parse_duration_value();
  // `LIMIT 10`; 0 if the word does not stand there.
  Result<int64_t> parse_optional_count(TokenKind word);
  // `ON db`; empty if ON does not stand there.
  Result<std::string> parse_optional_database();

  // ---- parse_expression.cc ----
  // A tree of its own: its operators are counted apart.
  Result<Expression> parse_root_expression();
  Result<Expression> parse_expression_tree();
  Result<void> parse_operation(Expression& root, Operator op);
  Result<Expression> parse_operand();
  Result<Expression> parse_paren();
  Result<Expression> close_paren(Expression inner);
  Result<Expression> parse_name_operand();
  Result<Expression> parse_literal();
  Result<Expression> parse_distinct();
  Result<Expression> parse_number(const Token& token);
  Result<Expression> parse_integer_literal(const Token& token);
  Result<Expression> parse_wildcard();
  Result<Expression> parse_signed(bool is_negative);
  Result<void> expect_signed_operand();
  Result<Expression> apply_sign(Expression operand, bool is_negative);
  Result<Expression> refuse_parameter(const Token& token);
  Result<Expression> parse_call(std::string_view name);
  Result<void> parse_arguments(std::vector<Expression>& arguments);
  Result<bool> accept_regex(std::vector<Expression>& arguments);
  Result<void> close_arguments();
  Result<Expression> parse_variable();
  Result<DataType> parse_cast();
  // Nothing if no regular expression stands there.
  Result<std::optional<RegexLiteral>> parse_optional_regex();
  Result<RegexLiteral> parse_regex();
  Result<Expression> parse_regex_operand();
  Result<RegexLiteral> make_regex(const Token& token) const;

  // ---- parse_select.cc ----
  Result<Statement> parse_select_statement();
  Result<Statement> parse_explain();
  Result<SelectStatement> parse_select(IntoRule into);
  Result<void> parse_limits(SelectStatement& select);
  Result<std::vector<Field>> parse_fields();
  Result<Field> parse_field();
  Result<Expression> parse_field_expression();
  Result<std::string> parse_optional_alias();
  Result<std::optional<Target>> parse_target(IntoRule into);
  Result<std::vector<Source>> parse_sources(SubqueryRule subqueries);
  Result<std::vector<Source>> parse_optional_sources();
  Result<Source> parse_source(SubqueryRule subqueries);
  Result<Source> parse_subquery();
  Result<Measurement> parse_measurement_name();
  Result<std::optional<Expression>> parse_optional_condition();
  Result<std::vector<Dimension>> parse_optional_dimensions();
  Result<Dimension> parse_dimension();
  Result<Fill> parse_optional_fill();
  Result<std::string> parse_optional_time_zone();
  Result<std::vector<SortField>> parse_optional_sort();
  Result<SortField> parse_sort_field();
  bool next_is_function(std::string_view lower_name);

  // ---- parse_show.cc ----
  Result<Statement> parse_show_continuous_queries();
  Result<Statement> parse_show_databases();
  Result<Statement> parse_show_diagnostics();
  Result<Statement> parse_show_field_key_cardinality();
  Result<Statement> parse_show_field_keys();
  Result<Statement> parse_show_grants();
  Result<Statement> parse_show_materialized_views();
  Result<Statement> parse_show_measurement_exact_cardinality();
  Result<Statement> parse_show_measurement_cardinality();
  Result<Statement> parse_show_measurements();
  Result<Statement> parse_show_queries();
  Result<Statement> parse_show_retention_policies();
  Result<Statement> parse_show_series();
  Result<Statement> parse_show_shard_groups();
  Result<Statement> parse_show_shards();
  Result<Statement> parse_show_stats();
  Result<Statement> parse_show_subscriptions();
  Result<Statement> parse_show_tag_key_cardinality();
  Result<Statement> parse_show_tag_keys();
  Result<Statement> parse_show_tag_values();
  Result<Statement> parse_show_users();
  Result<Statement> parse_key_cardinality(ShowCardinalityStatement::Subject subject);
  Result<Statement> parse_cardinality(ShowCardinalityStatement::Subject subject, bool is_exact);
  Result<void> parse_measurements_on(ShowMeasurementsStatement& statement);
  Result<std::optional<Measurement>> parse_optional_with_measurement();
  Result<TagKeyFilter> parse_with_key();
  Result<TagKeyFilter> parse_key_list();
  Result<std::string> parse_optional_module();

  // ---- parse_schema.cc ----
  Result<Statement> parse_create_database();
  Result<void> parse_database_policy(CreateDatabaseStatement& statement);
  Result<Statement> parse_drop_database();
  Result<Statement> parse_create_retention_policy();
  Result<Statement> parse_alter_retention_policy();
  Result<bool> parse_policy_option(AlterRetentionPolicyStatement& statement, const Token& option);
  Result<Statement> parse_drop_retention_policy();
  Result<int64_t> parse_shard_duration();
  Result<int64_t> parse_write_limit();
  Result<Statement> parse_delete();
  Result<Statement> parse_drop_series();
  Result<Statement> parse_drop_measurement();
  Result<Statement> parse_drop_shard();
  Result<Statement> parse_create_continuous_query();
  Result<void> parse_resample(CreateContinuousQueryStatement& statement);
  Result<void> require_interval(const SelectStatement& select);
  Result<Statement> parse_drop_continuous_query();
  Result<Statement> parse_create_materialized_view();
  Result<Statement> parse_drop_materialized_view();
  Result<Statement> parse_create_subscription();
  Result<Statement> parse_drop_subscription();
  Result<Statement> parse_kill_query();

  // ---- parse_users.cc ----
  Result<Statement> parse_create_user();
  Result<Statement> parse_drop_user();
  Result<Statement> parse_set_password();
  Result<Statement> parse_grant();
  Result<Statement> parse_revoke();
  Result<Privilege> parse_privilege();

  TokenStream tokens_;
  const ParseOptions& options_;
  size_t depth_ = 0;           // Of parentheses and calls.
  size_t subquery_depth_ = 0;
  size_t operator_count_ = 0;  // Of the expression being parsed.
};

}  // namespace varve::influxql
