// SPDX-License-Identifier: Apache-2.0
// The Ingest of this process: builders for the threads that write, one thread for new schemas.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bounded_queue.h"
#include "base/memory_governor.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "ingest/cardinality.h"
#include "ingest/ingest.h"
#include "ingest/row_builder.h"
#include "ingest/segment_fields.h"

namespace varve {

class SchemaIngest final : public Ingest {
 public:
  SchemaIngest(Catalog& catalog, Store& store, const Clock& clock, Random& random,
               const IngestOptions& options);
  ~SchemaIngest() override;

  void write(IngestTarget target, std::unique_ptr<PointSource> points, IngestDone done) override;
  void forget_fields(TableId table) override {
    registry_.forget(table);
    if (ledger_) ledger_->forget(table);
  }
  void stop() override;

 private:
  /// Of one request, while it is here.
  using RowMemory = std::shared_ptr<ScopedMemory>;
  struct Parked {
    IngestTarget target;
    std::unique_ptr<PointSource> points;
    RowMemory memory;
    IngestDone done;
    uint64_t tried_version = 0;  // Of the catalog for which its rows could not be made.
  };

  Result<BuildTarget> find_target(const IngestTarget& target) const;
  /// Makes what the request needs, and writes it.
  void serve_parked(Parked parked);
  Result<BuiltRequest> make_and_build(Parked& parked);
  std::optional<BuiltRequest> build(const BuildTarget& target, PointSource& points);
  Result<RowMemory> claim_memory(const PointSource& points) const;
  void send(BuiltRequest built, RowMemory memory, IngestDone done);
  /// Null when builders need not ask.
  const CardinalityLedger* series_ledger() const {
    return ledger_ && ledger_->counts_series() ? ledger_.get() : nullptr;
  }
  std::unique_ptr<RowBuilder> take_builder();
  void give_back(std::unique_ptr<RowBuilder> builder);
  /// Tables and segments that are no more.
  void forget_the_dead();

  Catalog& catalog_;
  Store& store_;
  const Clock& clock_;
  Random& random_;
  const IngestOptions options_;
  const uint64_t seed_;
  SegmentFieldsRegistry registry_;
  std::unique_ptr<CardinalityLedger> ledger_;  // Null without limits.

  Mutex builders_mutex_;
  // Last in, first out: the builder used last has the warmest cache.
  std::vector<std::unique_ptr<RowBuilder>> free_builders_ GUARDED_BY(builders_mutex_);

  std::atomic<bool> is_stopped_{false};
  size_t registry_size_max_;  // Catalog's thread only.
  BoundedQueue<Parked> parked_;
  Thread catalog_thread_;  // Last: it uses all of the above.
};

}  // namespace varve
