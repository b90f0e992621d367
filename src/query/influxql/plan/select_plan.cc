// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/select_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "query/influxql/ast_text.h"
#include "query/influxql/plan/expand_fields.h"
#include "query/influxql/plan/field_names.h"
#include "query/influxql/plan/time_zone.h"
#include "query/influxql/plan/type_check.h"

namespace varve::influxql {
namespace {

// Rows of [first, last], both included.
TimeRange to_range(int64_t first_ns, int64_t last_ns) {
  return {.begin_ns = first_ns, .end_ns = last_ns == INT64_MAX ? last_ns : last_ns + 1};
}

int64_t shift_saturating(int64_t ns, int64_t by_ns, int64_t count) {
  int64_t delta = 0;
  int64_t shifted = 0;
  if (__builtin_mul_overflow(by_ns, count, &delta) ||
      __builtin_add_overflow(ns, delta, &shifted)) {
    return by_ns * (count < 0 ? -1 : 1) < 0 ? kInfluxTimeMin : kInfluxTimeMax;
  }
  return std::clamp(shifted, kInfluxTimeMin, kInfluxTimeMax);
}

/// A column that an answer will have, still as an expression.
struct ColumnDraft {
  Expression expression;
  std::string alias;
  std::string inner_name;
  bool is_point_tag = false;
};

/// A planned SELECT with what an outer one needs to know of its text.
struct Planned {
  SelectPlan plan;
  SelectStatement select;  // Typed and expanded.
};

class Planner {
 public:
  Planner(const Names& names, Store& store, TimeRange range)
      : names_(names), store_(store), range_(range) {}

  Result<Planned> run(const SelectStatement& select, bool is_inner) {
    Planned planned{.plan = {}, .select = select};
    SelectStatement& statement = planned.select;
    if (statement.target && !is_inner && statement.fill.mode == FillMode::kNull) {
      // Nothing is written for what is missing.
      statement.fill.mode = FillMode::kNone;
    }
    std::vector<Planned> inner;
    TRY_VOID(bind_sources(statement, planned.plan, inner));
    set_types(statement, planned.plan, inner);
    if (has_wildcard(statement.fields) || has_wildcard(statement.dimensions)) {
      TRY_VOID(expand_wildcards(statement, TRY(source_names(planned.plan, inner))));
    }
    if (!is_inner) {
      for (const Field& field : statement.fields) TRY(type_of(field.expression));
    }
    TRY_VOID(fill_plan(statement, planned.plan));
    build_columns(statement, planned.plan);
    for (size_t i = 0, next = 0; i < planned.plan.sources.size(); ++i) {
      if (planned.plan.sources[i].table != nullptr) continue;
      planned.plan.sources[i].subquery =
          std::make_unique<SelectPlan>(std::move(inner[next++].plan));
    }
    return planned;
  }

 private:
  Result<void> bind_sources(const SelectStatement& statement, SelectPlan& plan,
                            std::vector<Planned>& inner) {
    for (const Source& source : statement.sources) {
      if (const auto* subquery = std::get_if<SubQuery>(&source)) {
        inner.push_back(TRY(run(*subquery->statement, true)));
        plan.sources.push_back({});
        continue;
      }
      const auto& measurement = std::get<Measurement>(source);
      for (BoundTableRef& table : TRY(bind_tables(measurement, names_, range_, store_))) {
        // A measurement that is named twice is read twice, as in InfluxDB.
        plan.sources.push_back({std::move(table), {}});
      }
    }
    return {};
  }

  static DataType type_of_source_name(const std::string& name, const SelectPlan& plan,
                                      const std::vector<Planned>& inner) {
    DataType type = DataType::kUnknown;
    size_t next = 0;
    for (const SourcePlan& source : plan.sources) {
      const DataType found = source.table != nullptr ? source.table->type_of(name)
                                                     : type_in_subquery(name, inner[next++]);
      if (found != DataType::kUnknown && is_weaker(type, found)) type = found;
    }
    return type;
  }

  static DataType type_in_subquery(const std::string& name, const Planned& inner) {
    for (const Field& field : inner.select.fields) {
      if (column_name(field) == name) {
        const auto type = type_of(field.expression);
        return type ? *type : DataType::kUnknown;
      }
      // The tags of top() and bottom() are columns, too.
      const auto* call = field.expression.as<Call>();
      if (call == nullptr || (call->name != "top" && call->name != "bottom")) continue;
      for (size_t i = 1; i + 1 < call->arguments.size(); ++i) {
        const auto* tag = call->arguments[i].as<Variable>();
        if (tag != nullptr && tag->name == name) return tag->type;
      }
    }
    for (const std::string& dimension : inner.plan.dimensions) {
      if (dimension == name) return DataType::kTag;
    }
    return DataType::kUnknown;
  }

  static void set_types(SelectStatement& statement, const SelectPlan& plan,
                        const std::vector<Planned>& inner) {
    const auto set_type = [&](Expression& part) {
      auto* variable = part.as<Variable>();
      if (variable == nullptr ||
          (variable->type != DataType::kUnknown && variable->type != DataType::kAnyField)) {
        return;
      }
      const DataType type = type_of_source_name(variable->name, plan, inner);
      // `host::field` of a tag stays a field that is not there.
      if (type == DataType::kTag && variable->type == DataType::kAnyField) return;
      variable->type = type;
    };
    for (Field& field : statement.fields) walk_mutable(field.expression, set_type);
    if (statement.condition) walk_mutable(*statement.condition, set_type);
  }

  Result<SourceNames> source_names(const SelectPlan& plan, const std::vector<Planned>& inner) {
    SourceNames found;
    const auto add_field = [&](const std::string& name, DataType type) {
      DataType& known = found.fields[name];
      if (is_weaker(known, type)) known = type;
    };
    size_t next = 0;
    for (const SourcePlan& source : plan.sources) {
      if (source.table != nullptr) {
        for (const auto& [name, variants] : source.table->fields) {
          add_field(name, source.table->type_of(name));
        }
        TRY_VOID(add_tags(*source.table, found.tags));
        continue;
      }
      const Planned& subquery = inner[next++];
      for (const Field& field : subquery.select.fields) {
        const auto type = type_of(field.expression);
        add_field(column_name(field), type ? *type : DataType::kUnknown);
      }
      for (const std::string& tag : subquery.plan.dimensions) found.tags.insert(tag);
    }
    return found;
  }

  // The tags that series in the range have: an old tag that is not used any more is not shown.
  // Mostly a few series have them all; of the others only the tags that are still missing matter.
  Result<void> add_tags(const BoundTable& table, std::set<std::string>& tags) {
    constexpr uint64_t kFewSeries = 64;
    if (table.range.empty()) return {};
    std::set<ColumnId> missing;
    for (const Column& column : table.table->columns) {
      if (column.kind == ColumnKind::kTag) missing.insert(column.id);
    }
    for (const uint64_t series_limit : {kFewSeries, uint64_t{0}}) {
      if (missing.empty()) return {};
      const SeriesList list = TRY(store_.list_series(
          {.table = table.table->id,
           .range = table.range,
           .predicate = Predicate(),
           .key_tags = std::vector<ColumnId>(missing.begin(), missing.end()),
           .series_limit = series_limit}));
      for (const SeriesRef& series : list.series) {
        if (missing.empty()) break;
        for (const KeyCell& cell : TRY(decode_series_key(series.key))) {
          if (missing.erase(cell.column) == 0) continue;
          tags.insert(table.table->column(cell.column)->name);
        }
      }
      if (list.series.size() < kFewSeries) return {};
    }
    return {};
  }

  Result<void> fill_plan(const SelectStatement& statement, SelectPlan& plan) {
    if (!statement.time_zone.empty()) plan.zone = find_time_zone(statement.time_zone);
    SplitCondition split =
        TRY(split_condition(statement.condition, {.now_ns = {}, .zone = plan.zone}));
    plan.condition = std::move(split.condition);
    plan.time = split.time;
    plan.interval = group_by_window(statement);
    std::set<std::string> dimensions;
    for (const Dimension& dimension : statement.dimensions) {
      if (const auto* tag = dimension.expression.as<Variable>()) dimensions.insert(tag->name);
    }
    plan.dimensions.assign(dimensions.begin(), dimensions.end());
    plan.is_ascending = statement.is_ascending();
    plan.fill = statement.fill;
    plan.limit = statement.limit;
    plan.offset = statement.offset;
    plan.series_limit = statement.series_limit;
    plan.series_offset = statement.series_offset;
    return {};
  }

  static std::vector<ColumnDraft> draft_columns(const SelectStatement& statement) {
    std::vector<ColumnDraft> drafts;
    for (const Field& field : statement.fields) {
      drafts.push_back({field.expression, field.alias, column_name(field), false});
      const auto* call = field.expression.as<Call>();
      if (call == nullptr || (call->name != "top" && call->name != "bottom")) continue;
      for (size_t i = 1; i + 1 < call->arguments.size(); ++i) {
        const Expression& tag = call->arguments[i];
        drafts.push_back({tag, "", column_name(tag), statement.target.has_value()});
      }
    }
    return drafts;
  }

  static void build_columns(const SelectStatement& statement, SelectPlan& plan) {
    const std::vector<ColumnDraft> drafts = draft_columns(statement);
    std::map<std::string, Call> calls;
    std::map<std::pair<std::string, DataType>, Variable> refs;
    for (const ColumnDraft& draft : drafts) collect(draft.expression, calls, refs);

    std::map<std::string, size_t> call_index;
    for (const auto& [text, call] : calls) {
      call_index[text] = plan.calls.size();
      plan.calls.push_back(make_function_call(call));
    }
    std::map<std::pair<std::string, DataType>, size_t> ref_index;
    for (const auto& [key, ref] : refs) {
      ref_index[key] = plan.calls.size() + plan.refs.size();
      plan.refs.push_back(ref);
    }
    const auto input_of = [&](const Expression& expression) -> std::optional<size_t> {
      if (const auto* variable = expression.as<Variable>()) {
        return ref_index.at({variable->name, variable->type});
      }
      return call_index.at(to_string(expression));
    };
    std::vector<NamedColumn> named;
    for (const ColumnDraft& draft : drafts) named.push_back({draft.alias, draft.inner_name});
    const std::vector<std::string> unique = unique_names(named);
    for (size_t i = 0; i < drafts.size(); ++i) {
      const auto type = type_of(drafts[i].expression);
      plan.outputs.push_back({.name = unique[i],
                              .inner_name = drafts[i].inner_name,
                              .value = make_row_expression(drafts[i].expression, input_of),
                              .type = type ? *type : DataType::kUnknown,
                              .is_point_tag = drafts[i].is_point_tag});
    }
    plan.is_selector = plan.calls.size() == 1 && is_selector(plan.calls[0].function);
  }

  // Calls of aggregates and the variables outside of them; equal ones count once.
  static void collect(const Expression& expression, std::map<std::string, Call>& calls,
                      std::map<std::pair<std::string, DataType>, Variable>& refs) {
    if (const auto* variable = expression.as<Variable>()) {
      refs.emplace(std::pair(variable->name, variable->type), *variable);
    } else if (const auto* call = expression.as<Call>()) {
      if (!find_math_function(call->name)) {
        calls.emplace(to_string(expression), *call);
        return;
      }
      for (const Expression& argument : call->arguments) collect(argument, calls, refs);
    } else if (const auto* binary = expression.as<Binary>()) {
      collect(*binary->left, calls, refs);
      collect(*binary->right, calls, refs);
    } else if (const auto* paren = expression.as<Paren>()) {
      collect(*paren->inner, calls, refs);
    }
  }

  const Names& names_;
  Store& store_;
  TimeRange range_;
};

}  // namespace

bool SelectPlan::is_empty() const {
  if (sources.empty()) return true;
  const auto is_known = [](const auto& symbol) { return symbol.type != DataType::kUnknown; };
  return calls.empty() ? std::none_of(refs.begin(), refs.end(), is_known)
                       : std::none_of(calls.begin(), calls.end(), is_known);
}

Result<SelectPlan> plan_select(const CompiledSelect& compiled, const Names& names, Store& store) {
  int64_t first_ns = compiled.first_ns;
  int64_t last_ns = compiled.last_ns;
  if (!compiled.interval.is_zero() && compiled.extra_windows > 0) {
    // Transformations look at windows before the range (after it, when descending).
    if (compiled.select.is_ascending()) {
      first_ns = shift_saturating(first_ns, -compiled.interval.duration_ns, compiled.extra_windows);
    } else {
      last_ns = shift_saturating(last_ns, compiled.interval.duration_ns, compiled.extra_windows);
    }
  }
  Planned planned =
      TRY(Planner(names, store, to_range(first_ns, last_ns)).run(compiled.select, false));
  planned.plan.time = {compiled.first_ns, compiled.last_ns};
  planned.plan.time_column = compiled.time_column;
  return std::move(planned.plan);
}

}  // namespace varve::influxql
