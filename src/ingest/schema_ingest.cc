// SPDX-License-Identifier: Apache-2.0
#include "ingest/schema_ingest.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/log.h"
#include "base/metrics.h"
#include "ingest/schema_pass.h"

namespace varve {
namespace {

/// Null when there are no limits.
std::unique_ptr<CardinalityLedger> make_ledger(Store& store, const Clock& clock,
                                               const CardinalityLimits& limits, uint64_t seed) {
  if (limits.tag_values_per_table_max == 0 && limits.tables_per_database_max == 0 &&
      limits.series_per_database_max == 0) {
    return nullptr;
  }
  return std::make_unique<CardinalityLedger>(store, clock, limits, seed);
}

// A schema can change between the moment it is made and the moment it is used (someone drops the
// table, another request takes the type); each round then sees the change.
constexpr int kRoundsMax = 5;
constexpr size_t kRegistrySizeMin = 4'096;

metrics::Counter& rows_written() {
  static auto& counter =
      metrics::counter("varve_ingest_rows_total", "Rows given to the store and acknowledged.");
  return counter;
}
metrics::Counter& rows_dropped() {
  static auto& counter = metrics::counter(
      "varve_ingest_rows_dropped_total",
      "Points not stored: type conflicts, beyond retention, invalid names.");
  return counter;
}
metrics::Counter& requests_parked() {
  static auto& counter = metrics::counter(
      "varve_ingest_parked_total", "Requests that waited for a new table, column or segment.");
  return counter;
}

}  // namespace

SchemaIngest::SchemaIngest(Catalog& catalog, Store& store, const Clock& clock, Random& random,
                           const IngestOptions& options)
    : catalog_(catalog),
      store_(store),
      clock_(clock),
      random_(random),
      options_(options),
      seed_(random.next_u64()),
      ledger_(make_ledger(store, clock, options.cardinality, seed_)),
      registry_size_max_(kRegistrySizeMin),
      parked_(options.parked_requests_max),
      catalog_thread_("catalog", [this] {
        while (auto parked = parked_.pop()) serve_parked(std::move(*parked));
      }) {}

SchemaIngest::~SchemaIngest() { stop(); }

void SchemaIngest::write(IngestTarget target, std::unique_ptr<PointSource> points,
                         IngestDone done) {
  if (is_stopped_) return done(fail(ErrorCode::kCancelled, "the server is shutting down"));
  const auto build_target = find_target(target);
  if (!build_target) return done(fail(build_target.error()));
  auto memory = claim_memory(*points);
  if (!memory) return done(fail(memory.error()));
  auto built = build(*build_target, *points);
  if (built) {
    points.reset();
    return send(std::move(*built), std::move(*memory), std::move(done));
  }

  requests_parked().add();
  Parked parked{.target = std::move(target),
                .points = std::move(points),
                .memory = std::move(*memory),
                .done = std::move(done),
                .tried_version = build_target->catalog_version};
  if (parked_.try_push(parked)) return;
  if (is_stopped_) return parked.done(fail(ErrorCode::kCancelled, "the server is shutting down"));
  parked.done(fail(ErrorCode::kOverloaded,
                   "too many requests wait for new measurements or fields, parked_requests_max=" +
                       std::to_string(options_.parked_requests_max)));
}

void SchemaIngest::stop() {
  is_stopped_ = true;
  parked_.close();
  catalog_thread_.join();
}

Result<BuildTarget> SchemaIngest::find_target(const IngestTarget& target) const {
  const auto snapshot = catalog_.snapshot();
  const auto database = snapshot->database(target.database);
  if (!database) {
    return fail(ErrorCode::kNotFound, "database not found: \"" + target.database + "\"");
  }
  const std::string& name = target.policy.empty() ? database->default_policy : target.policy;
  auto policy = database->policy(name);
  if (!policy) return fail(ErrorCode::kNotFound, "retention policy not found: " + name);
  // Both only rise: a row builder learns of either change alike.
  const uint64_t version = snapshot->version + registry_.generation();
  return BuildTarget{version, std::move(policy), clock_.now_ns()};
}

void SchemaIngest::serve_parked(Parked parked) {
  auto built = make_and_build(parked);
  if (!built) return parked.done(fail(built.error()));
  parked.points.reset();
  send(std::move(*built), std::move(parked.memory), std::move(parked.done));
}

Result<BuiltRequest> SchemaIngest::make_and_build(Parked& parked) {
  for (int round = 0; round < kRoundsMax; ++round) {
    const auto before = TRY(find_target(parked.target));
    if (round == 0 && before.catalog_version != parked.tried_version) {
      // What it lacked may be there by now: writers begin all at once, and lack the same.
      parked.points->rewind();
      if (auto built = build(before, *parked.points)) return std::move(*built);
    }
    SchemaPass pass({.catalog = catalog_,
                     .store = store_,
                     .registry = registry_,
                     .ledger = ledger_.get(),
                     .options = options_},
                    parked.target.database, before.policy, oldest_time_ns(before));
    TRY_VOID(pass.run(*parked.points));
    if (registry_.size() > registry_size_max_) forget_the_dead();

    auto after = TRY(find_target(parked.target));
    after.now_ns = before.now_ns;  // The same points must be beyond retention in both.
    parked.points->rewind();
    if (auto built = build(after, *parked.points)) return std::move(*built);
  }
  return fail(ErrorCode::kOverloaded, "the schema changes faster than rows can be written");
}

std::optional<BuiltRequest> SchemaIngest::build(const BuildTarget& target, PointSource& points) {
  auto builder = take_builder();
  auto built = builder->build(target, points);
  give_back(std::move(builder));
  return built;
}

// The points and the rows that are made of them are about the same.
Result<SchemaIngest::RowMemory> SchemaIngest::claim_memory(const PointSource& points) const {
  auto memory = std::make_shared<ScopedMemory>(options_.memory, MemoryGovernor::Use::kBodies);
  if (memory->set(2 * points.size_bytes())) return memory;
  return fail(ErrorCode::kOverloaded, "the memory limit is reached; try again soon");
}

void SchemaIngest::send(BuiltRequest built, RowMemory memory, IngestDone done) {
  rows_dropped().add(built.summary.rows_dropped);
  if (built.batches.empty()) return done(std::move(built.summary));
  size_t size_bytes = 0;
  for (const WriteBatch& batch : built.batches) size_bytes += batch.size_bytes();
  memory->set_anyway(size_bytes);
  const BatchId id{random_.next_u64(), random_.next_u64()};
  for (auto& batch : built.batches) batch.id = id;
  store_.write({std::move(built.batches)},
               [summary = std::move(built.summary), memory = std::move(memory),
                done = std::move(done)](Result<void> written) {
                 memory->set_anyway(0);  // Who is told may ask at once what is held.
                 if (!written) return done(fail(written.error()));
                 rows_written().add(summary.rows_written);
                 done(summary);
               });
}

std::unique_ptr<RowBuilder> SchemaIngest::take_builder() {
  {
    const MutexLock lock(builders_mutex_);
    if (!free_builders_.empty()) {
      auto builder = std::move(free_builders_.back());
      free_builders_.pop_back();
      return builder;
    }
  }
  return std::make_unique<RowBuilder>(options_, registry_, series_ledger(), seed_);
}

void SchemaIngest::give_back(std::unique_ptr<RowBuilder> builder) {
  const MutexLock lock(builders_mutex_);
  // More than that many threads at once: the last ones learn for nothing.
  if (free_builders_.size() < options_.row_builders_max) {
    free_builders_.push_back(std::move(builder));
  }
}

void SchemaIngest::forget_the_dead() {
  std::unordered_set<uint32_t> tables;
  for (const TableId table : catalog_.live_tables()) tables.insert(raw(table));
  std::unordered_set<uint32_t> segments;
  for (const auto& [name, database] : catalog_.snapshot()->databases) {
    for (const PolicyRef& policy : database->policies) {
      for (const Segment& segment : policy->segments) segments.insert(raw(segment.id));
    }
  }
  registry_.keep_only(tables, segments);
  if (ledger_) ledger_->keep_only(tables);
  registry_size_max_ = std::max(kRegistrySizeMin, registry_.size() * 2);
  log::debug("ingest.dead_fields_forgotten", {{"kept", registry_.size()}});
}

std::unique_ptr<Ingest> make_ingest(Catalog& catalog, Store& store, const Clock& clock,
                                    Random& random, const IngestOptions& options) {
  return std::make_unique<SchemaIngest>(catalog, store, clock, random, options);
}

}  // namespace varve
