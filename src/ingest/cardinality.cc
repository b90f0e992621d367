// SPDX-License-Identifier: Apache-2.0
#include "ingest/cardinality.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/metrics.h"

namespace varve {
namespace {

// Series go without a word when their segment is dropped: a limit that is reached is asked about
// again after this time.
constexpr int64_t kReloadNs = 10'000'000'000;

metrics::Counter& requests_refused() {
  static auto& counter =
      metrics::counter("varve_ingest_cardinality_refused_total",
                       "Write requests refused because of a limit of cardinality.");
  return counter;
}

tl::unexpected<Error> exceeded(const std::string& what, uint64_t count, std::string_view things,
                               uint64_t limit) {
  return fail(ErrorCode::kTooLarge,
              "cardinality limit exceeded: " + what + " has " + std::to_string(count) + " " +
                  std::string(things) + " (limit: " + std::to_string(limit) + ")");
}

std::string quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

}  // namespace

uint64_t CardinalityLedger::hash_of(std::string_view text) const {
  return hash128_seeded(text, seed_).low;
}

template <class TagList>
uint64_t CardinalityLedger::series_hash(const TagList& tags) const {
  std::string text;
  for (const auto& [name, value] : tags) {
    text.append(std::to_string(name.size())).append(":").append(name);
    text.append(std::to_string(value.size())).append(":").append(value);
  }
  return hash_of(text);
}

template <class TagList>
void CardinalityLedger::count(Counted& counted, const TagList& tags) const {
  if (limits_.series_per_database_max > 0) counted.series.insert(series_hash(tags));
  if (limits_.tag_values_per_table_max == 0) return;
  for (const auto& [name, value] : tags) {
    counted.values[std::string(name)].insert(hash_of(value));
  }
}

bool CardinalityLedger::has(TableId table, Tags tags) const {
  const MutexLock lock(mutex_);
  const auto found = by_table_.find(raw(table));
  if (found == by_table_.end()) return false;
  const Counted& counted = found->second;
  if (limits_.series_per_database_max > 0 && !counted.series.contains(series_hash(tags))) {
    return false;
  }
  if (limits_.tag_values_per_table_max == 0) return true;
  return std::ranges::all_of(tags, [&](const auto& tag) {
    const auto values = counted.values.find(std::string(tag.first));
    return values != counted.values.end() && values->second.contains(hash_of(tag.second));
  });
}

void CardinalityLedger::forget(TableId table) {
  {
    const MutexLock lock(mutex_);
    const auto found = by_table_.find(raw(table));
    if (found == by_table_.end()) return;
    found->second.is_stale = true;
  }
  generation_.fetch_add(1, std::memory_order_release);
}

Result<CardinalityLedger::Counted> CardinalityLedger::ask_store(const Table& table) const {
  Counted counted;
  counted.loaded_ns = clock_.steady_ns();
  const auto list = TRY(store_.list_series({.table = table.id}));
  std::vector<std::pair<std::string_view, std::string_view>> tags;
  for (const SeriesRef& series : list.series) {
    tags.clear();
    for (const KeyCell& cell : TRY(decode_series_key(series.key))) {
      // A column that the catalog does not know was never acknowledged.
      if (const Column* column = table.column(cell.column)) {
        tags.emplace_back(column->name, cell.text);
      }
    }
    std::ranges::sort(tags);
    count(counted, tags);
  }
  return counted;
}

Result<void> CardinalityLedger::load(const Table& table) {
  {
    const MutexLock lock(mutex_);
    if (by_table_.contains(raw(table.id))) return {};
  }
  auto counted = TRY(ask_store(table));
  const MutexLock lock(mutex_);
  by_table_.emplace(raw(table.id), std::move(counted));
  return {};
}

Result<bool> CardinalityLedger::reload(const Table& table) {
  {
    const MutexLock lock(mutex_);
    const auto found = by_table_.find(raw(table.id));
    if (found == by_table_.end()) return false;
    const Counted& counted = found->second;
    if (!counted.is_stale && clock_.steady_ns() - counted.loaded_ns < kReloadNs) return false;
    // Before the question: what is deleted from now on may not be in the answer.
    found->second.is_stale = false;
  }
  auto counted = TRY(ask_store(table));
  {
    const MutexLock lock(mutex_);
    Counted& known = by_table_[raw(table.id)];
    counted.is_stale = known.is_stale;
    known = std::move(counted);
  }
  generation_.fetch_add(1, std::memory_order_release);
  return true;
}

Result<void> CardinalityLedger::admit(const Database& database, const Policy& policy,
                                      const std::vector<NewSeries>& series,
                                      const std::vector<std::string>& new_tables) {
  auto admitted = check_tables(database, new_tables);
  if (admitted && limits_.tag_values_per_table_max > 0) {
    SeriesByTable by_table;
    for (const NewSeries& one : series) by_table[one.table].push_back(&one);
    admitted = check_values(policy, by_table);
  }
  if (admitted && limits_.series_per_database_max > 0) admitted = check_series(database, series);
  if (!admitted && admitted.error().code == ErrorCode::kTooLarge) requests_refused().add();
  return admitted;
}

Result<void> CardinalityLedger::check_tables(const Database& database,
                                             const std::vector<std::string>& new_tables) const {
  if (limits_.tables_per_database_max == 0 || new_tables.empty()) return {};
  std::unordered_set<std::string_view> names;
  std::vector<std::vector<TableRef>> tables;  // What the names belong to.
  for (const PolicyRef& policy : database.policies) {
    for (const TableRef& table : tables.emplace_back(policy->tables())) names.insert(table->name);
  }
  const size_t count = names.size();
  names.insert(new_tables.begin(), new_tables.end());
  if (names.size() == count || names.size() <= limits_.tables_per_database_max) return {};
  return exceeded("database " + quoted(database.name), count, "measurements",
                  limits_.tables_per_database_max);
}

Result<void> CardinalityLedger::check_values(const Policy& policy, const SeriesByTable& series) {
  for (const auto& [name, of_table] : series) {
    const TableRef table = policy.table(name);
    auto fits = check_values_of(table.get(), name, of_table);
    if (!fits && table && TRY(reload(*table))) fits = check_values_of(table.get(), name, of_table);
    TRY_VOID(fits);
  }
  return {};
}

Result<void> CardinalityLedger::check_values_of(
    const Table* table, const std::string& name,
    const std::vector<const NewSeries*>& series) const {
  static const Counted kNothing;
  const MutexLock lock(mutex_);
  const auto found = table == nullptr ? by_table_.end() : by_table_.find(raw(table->id));
  const Counted& counted = found == by_table_.end() ? kNothing : found->second;
  std::unordered_map<std::string_view, std::unordered_set<uint64_t>> added;
  for (const NewSeries* one : series) {
    for (const auto& [tag, value] : one->tags) {
      const auto known = counted.values.find(tag);
      const uint64_t hash = hash_of(value);
      if (known != counted.values.end() && known->second.contains(hash)) continue;
      auto& new_values = added[tag];
      new_values.insert(hash);
      const size_t count = known == counted.values.end() ? 0 : known->second.size();
      if (count + new_values.size() <= limits_.tag_values_per_table_max) continue;
      return exceeded("measurement " + quoted(name) + " tag " + quoted(tag), count, "values",
                      limits_.tag_values_per_table_max);
    }
  }
  return {};
}

uint64_t CardinalityLedger::series_count(const Database& database) const {
  const MutexLock lock(mutex_);
  uint64_t count = 0;
  for (const PolicyRef& policy : database.policies) {
    for (const TableRef& table : policy->tables()) {
      const auto found = by_table_.find(raw(table->id));
      if (found != by_table_.end()) count += found->second.series.size();
    }
  }
  return count;
}

Result<void> CardinalityLedger::check_series(const Database& database,
                                             const std::vector<NewSeries>& series) {
  if (series.empty()) return {};
  std::unordered_set<uint64_t> added;
  for (const NewSeries& one : series) {
    added.insert(hash_of(std::to_string(series_hash(one.tags)) + one.table));
  }
  const auto fits = [&] {
    return series_count(database) + added.size() <= limits_.series_per_database_max;
  };
  for (const PolicyRef& policy : database.policies) {
    for (const TableRef& table : policy->tables()) TRY_VOID(load(*table));
  }
  if (fits()) return {};
  for (const PolicyRef& policy : database.policies) {
    for (const TableRef& table : policy->tables()) {
      if (TRY(reload(*table)) && fits()) return {};
    }
  }
  return exceeded("database " + quoted(database.name), series_count(database), "series",
                  limits_.series_per_database_max);
}

void CardinalityLedger::add(const Table& table, const std::vector<NewSeries>& series) {
  const MutexLock lock(mutex_);
  auto& counted = by_table_.try_emplace(raw(table.id)).first->second;
  if (counted.loaded_ns == 0) counted.loaded_ns = clock_.steady_ns();
  for (const NewSeries& one : series) {
    if (one.table == table.name) count(counted, one.tags);
  }
}

void CardinalityLedger::keep_only(const std::unordered_set<uint32_t>& tables) {
  const MutexLock lock(mutex_);
  std::erase_if(by_table_, [&](const auto& entry) { return !tables.contains(entry.first); });
}

}  // namespace varve
