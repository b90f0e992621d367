// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/listed_series.h"

#include <re2/re2.h>

#include <algorithm>
#include <set>
#include <utility>

#include "query/influxql/ast_text.h"
#include "query/influxql/execute/interrupt.h"
#include "query/influxql/execute/text_order.h"
#include "query/influxql/plan/series_condition.h"

namespace varve::influxql {
namespace {

TimeRange range_of(const TimeBounds& bounds) {
  const int64_t last_ns = bounds.last_ns.value_or(kInfluxTimeMax);
  return {.begin_ns = bounds.first_ns.value_or(kInfluxTimeMin),
          .end_ns = last_ns == INT64_MAX ? last_ns : last_ns + 1};
}

Result<void> add_tables(const Measurement& measurement, const ListScope& scope,
                        StatementContext& context,
                        std::map<std::string, ListedMeasurement>& found) {
  for (BoundTableRef& table :
       TRY(bind_tables(measurement, context.names, range_of(scope.time), context.store))) {
    // Whoever has no cell has no series either, whatever it once had.
    if (table->fields.empty()) continue;
    ListedMeasurement& listed = found[table->name];
    listed.name = table->name;
    const bool is_known = std::any_of(
        listed.tables.begin(), listed.tables.end(),
        [&](const BoundTableRef& other) { return other->table->id == table->table->id; });
    if (!is_known) listed.tables.push_back(std::move(table));
  }
  return {};
}

// Asks for the series of one table for which the condition holds; nothing when there can be none.
Result<std::optional<SeriesSpec>> spec_of(const BoundTable& table,
                                          const std::optional<Expression>& condition,
                                          Undecided undecided, StatementContext& context) {
  TRY_VOID(context.check());
  std::optional<Expression> folded;
  if (condition) folded = fold(*condition, {});
  const SeriesCondition on_tags = series_condition(folded, table);
  const auto spec = [&](const Predicate& predicate) {
    return SeriesSpec{.table = table.table->id,
                      .range = table.range,
                      .predicate = predicate,
                      .key_tags = std::nullopt,
                      .cancel = context.cancel,
                      .watch = [&context](size_t) { return context.check(); }};
  };
  if (on_tags.undecided && undecided == Undecided::kIsRefused) {
    const auto count = [&](const Predicate& predicate) -> Result<uint64_t> {
      if (predicate.is_always_false()) return uint64_t{0};
      return context.store.count_series(spec(predicate));
    };
    if (TRY(count(on_tags.certain)) != TRY(count(on_tags.possible))) {
      return fail(ErrorCode::kInvalidInput,
                  "Expression too complex for metaquery: " + to_string(*on_tags.undecided));
    }
  }
  if (on_tags.possible.is_always_false()) return std::optional<SeriesSpec>();
  return std::optional(spec(on_tags.possible));
}

// The series of one table for which the condition holds. `memory` holds them.
Result<SeriesList> series_of(const BoundTable& table, const std::optional<Expression>& condition,
                             Undecided undecided, StatementContext& context, MemoryClaim& memory) {
  auto spec = TRY(spec_of(table, condition, undecided, context));
  if (!spec) return SeriesList{};
  spec->watch = [&](size_t bytes) -> Result<void> {
    TRY_VOID(context.check());
    return memory.set(bytes);
  };
  return context.store.list_series(*spec);
}

/// Writes the keys of one table's series as texts. Threads: one owner.
class SeriesTexts {
 public:
  SeriesTexts(const std::string& measurement, const BoundTable& table);
  /// Valid until the next call.
  Result<std::string_view> text(std::string_view key);

 private:
  struct Tag {
    ColumnId column{};
    std::string text;  // `,name=`, escaped.
  };
  std::string head_;
  std::vector<Tag> tags_;               // In order of their names.
  std::vector<std::string_view> texts_;  // Beside tags_.
  std::string text_;
};

void append_escaped(std::string& text, std::string_view part, std::string_view specials) {
  for (const char c : part) {
    if (specials.find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
}

SeriesTexts::SeriesTexts(const std::string& measurement, const BoundTable& table) {
  append_escaped(head_, measurement, ", ");
  std::map<std::string, ColumnId> by_name;
  for (const Column& column : table.table->columns) {
    if (column.kind == ColumnKind::kTag) by_name.emplace(column.name, column.id);
  }
  for (const auto& [name, column] : by_name) {
    Tag& tag = tags_.emplace_back();
    tag.column = column;
    tag.text = ",";
    append_escaped(tag.text, name, ",= ");
    tag.text += '=';
  }
  texts_.resize(tags_.size());
}

Result<std::string_view> SeriesTexts::text(std::string_view key) {
  std::ranges::fill(texts_, std::string_view());
  for (const KeyCell& cell : TRY(decode_series_key(key))) {
    const auto tag = std::ranges::find(tags_, cell.column, &Tag::column);
    if (tag != tags_.end()) texts_[static_cast<size_t>(tag - tags_.begin())] = cell.text;
  }
  text_ = head_;
  for (size_t i = 0; i < tags_.size(); ++i) {
    if (texts_[i].empty()) continue;
    text_ += tags_[i].text;
    append_escaped(text_, texts_[i], ",= ");
  }
  return std::string_view(text_);
}

}  // namespace

Result<std::vector<ListedMeasurement>> list_measurements(const ListScope& scope,
                                                         StatementContext& context) {
  Names names = context.names;
  if (!scope.database.empty()) names.database = scope.database;
  if (names.database.empty()) return fail(ErrorCode::kInvalidInput, "database name required");
  const Measurement all{
      .database = {}, .policy = {}, .name = {}, .regex = RegexLiteral{.pattern = ""}};
  std::vector<Measurement> wanted;
  for (const Source& source : scope.sources) {
    if (const auto* measurement = std::get_if<Measurement>(&source)) wanted.push_back(*measurement);
  }
  if (wanted.empty()) wanted.push_back(all);
  std::map<std::string, ListedMeasurement> found;
  for (Measurement& measurement : wanted) {
    if (measurement.database.empty()) measurement.database = names.database;
    const DatabaseRef database = context.names.catalog->database(measurement.database);
    if (database == nullptr) {
      return fail(ErrorCode::kNotFound, "database not found: " + measurement.database);
    }
    if (!measurement.policy.empty()) {
      TRY_VOID(add_tables(measurement, scope, context, found));
      continue;
    }
    std::string only = scope.follows_request_policy ? names.policy : "";
    if (!only.empty() && database->policy(only) == nullptr) {
      return fail(ErrorCode::kNotFound, "retention policy not found: " + only);
    }
    if (only.empty() && scope.default_policy_only) only = database->default_policy;
    for (const PolicyRef& policy : database->policies) {
      if (!only.empty() && policy->name != only) continue;
      measurement.policy = policy->name;
      TRY_VOID(add_tables(measurement, scope, context, found));
    }
  }
  std::vector<ListedMeasurement> listed;
  for (auto& [name, measurement] : found) listed.push_back(std::move(measurement));
  return listed;
}

Result<std::vector<TagSet>> list_series(const ListedMeasurement& measurement,
                                        const std::optional<Expression>& condition,
                                        StatementContext& context, Undecided undecided) {
  std::set<TagSet> found;
  Interrupt interrupt(context);
  for (const BoundTableRef& table : measurement.tables) {
    MemoryClaim memory(context.budget);
    for (const SeriesRef& series :
         TRY(series_of(*table, condition, undecided, context, memory)).series) {
      if (interrupt.is_due()) return fail(interrupt.check().error());
      TagSet tags;
      for (const KeyCell& cell : TRY(decode_series_key(series.key))) {
        const Column* column = table->table->column(cell.column);
        if (column != nullptr) tags.emplace(column->name, std::string(cell.text));
      }
      found.insert(std::move(tags));
    }
  }
  return std::vector<TagSet>(found.begin(), found.end());
}

Result<uint64_t> count_series(const ListedMeasurement& measurement,
                              const std::optional<Expression>& condition,
                              StatementContext& context) {
  // The same series in several policies counts once.
  if (measurement.tables.size() > 1) {
    return TRY(list_series_texts(measurement, condition, context))->texts.size();
  }
  uint64_t count = 0;
  for (const BoundTableRef& table : measurement.tables) {
    const auto spec = TRY(spec_of(*table, condition, Undecided::kHolds, context));
    if (spec) count += TRY(context.store.count_series(*spec));
  }
  return count;
}

Result<std::map<std::string, std::unique_ptr<ListedTexts>>> list_tag_values(
    const ListedMeasurement& measurement, const TagKeyMatch& match,
    const std::optional<Expression>& condition, StatementContext& context) {
  std::map<std::string, std::unique_ptr<ListedTexts>> found;
  for (const BoundTableRef& table : measurement.tables) {
    const auto spec = TRY(spec_of(*table, condition, Undecided::kIsRefused, context));
    if (!spec) continue;
    for (const Column& column : table->table->columns) {
      if (column.kind != ColumnKind::kTag || !match.matches(column.name)) continue;
      TRY_VOID(context.check());
      TextList list = TRY(context.store.list_tag_values(*spec, column.id));
      if (list.texts.empty()) continue;
      std::unique_ptr<ListedTexts>& values = found[column.name];
      if (!values) values = std::make_unique<ListedTexts>(context);
      values->pins.push_back(std::move(list.pin));
      TRY_VOID(values->memory.set((values->texts.size() + list.texts.size()) *
                                  (sizeof(std::string_view) + kSortedTextBytes)));
      if (values->texts.empty()) {
        values->texts = std::move(list.texts);
      } else {
        values->texts.insert(values->texts.end(), list.texts.begin(), list.texts.end());
      }
    }
  }
  Interrupt interrupt(context);
  for (auto& [name, values] : found) {
    sort_texts(values->texts, interrupt);
    TRY_VOID(interrupt.check());
    const auto rest = std::ranges::unique(values->texts);
    values->texts.erase(rest.begin(), rest.end());
  }
  return found;
}

Result<std::vector<std::string>> list_tag_keys(const ListedMeasurement& measurement,
                                               const TagKeyMatch& match,
                                               const std::optional<Expression>& condition,
                                               StatementContext& context) {
  std::set<std::string> keys;
  for (const BoundTableRef& table : measurement.tables) {
    const auto spec = TRY(spec_of(*table, condition, Undecided::kIsRefused, context));
    if (!spec) continue;
    for (const Column& column : table->table->columns) {
      if (column.kind != ColumnKind::kTag || !match.matches(column.name)) continue;
      if (keys.contains(column.name)) continue;
      TRY_VOID(context.check());
      const TextList values = TRY(context.store.list_tag_values(*spec, column.id));
      if (!values.texts.empty()) keys.insert(column.name);
    }
  }
  return std::vector<std::string>(keys.begin(), keys.end());
}

Result<std::unique_ptr<ListedTexts>> list_series_texts(const ListedMeasurement& measurement,
                                                       const std::optional<Expression>& condition,
                                                       StatementContext& context) {
  auto listed = std::make_unique<ListedTexts>(context);
  Interrupt interrupt(context);
  constexpr size_t kTextsPerClaim = 8'192;
  const auto hold = [&]() -> Result<void> {
    const size_t each = sizeof(std::string_view) + kSortedTextBytes;
    return listed->memory.set(listed->arena.size_bytes() + listed->texts.capacity() * each);
  };
  for (const BoundTableRef& table : measurement.tables) {
    MemoryClaim memory(context.budget);
    const SeriesList list = TRY(series_of(*table, condition, Undecided::kHolds, context, memory));
    SeriesTexts texts(measurement.name, *table);
    listed->texts.reserve(listed->texts.size() + list.series.size());
    for (const SeriesRef& series : list.series) {
      if (interrupt.is_due()) return fail(interrupt.check().error());
      listed->texts.push_back(listed->arena.add(TRY(texts.text(series.key))));
      if (listed->texts.size() % kTextsPerClaim == 0) TRY_VOID(hold());
    }
  }
  TRY_VOID(hold());
  sort_texts(listed->texts, interrupt);
  TRY_VOID(interrupt.check());
  const auto rest = std::ranges::unique(listed->texts);
  listed->texts.erase(rest.begin(), rest.end());
  return listed;
}

std::string series_text(const std::string& measurement, const TagSet& tags) {
  std::string text;
  append_escaped(text, measurement, ", ");
  for (const auto& [name, value] : tags) {
    text += ',';
    append_escaped(text, name, ",= ");
    text += '=';
    append_escaped(text, value, ",= ");
  }
  return text;
}

}  // namespace varve::influxql
