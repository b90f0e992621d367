// SPDX-License-Identifier: Apache-2.0
// Schema on write: turns named points into columnar batches and hands them to the Store.
//
//   PointSource ──▶ RowBuilder (one per busy thread; keeps the raw-key cache) ──▶ Store::write
//                        └── unknown table, column or segment: the request is parked on the
//                            catalog's thread, which makes it and starts over
// Threads: write() is safe anywhere and never blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "catalog/catalog.h"
#include "ingest/cardinality.h"
#include "io/clock.h"
#include "io/random.h"
#include "model/points.h"
#include "store/store.h"

namespace varve {

class MemoryGovernor;

struct IngestOptions {
  size_t raw_keys_max = 1'000'000;       ///< Cached series per row builder.
  size_t parked_requests_max = 1'000;    ///< Waiting for the catalog; more are refused.
  size_t fields_per_point_max = 100'000;
  size_t row_builders_max = 16;
  CardinalityLimits cardinality;
  /// Asked before points become rows, and until these are stored. Null: no limit. It outlives the
  /// ingest.
  MemoryGovernor* memory = nullptr;
};

struct IngestTarget {
  std::string database;
  std::string policy;  ///< Empty: the database's default.
};

/// What became of a request that was not refused as a whole.
struct IngestSummary {
  /// Name of the policy that took the rows: the default's when the target named none.
  std::string policy;
  uint64_t rows_written = 0;
  uint64_t rows_dropped = 0;
  /// Why points were dropped, in InfluxDB's words, for example `field type conflict: input field
  /// "v" on measurement "cpu" is type integer, already exists as type float`; empty when none.
  /// The first reason, as InfluxDB gives it.
  std::string drop_reason;
  /// Of the source: lines that did not parse.
  std::string parse_errors;
};

/// Called once, on any thread.
using IngestDone = std::function<void(Result<IngestSummary>)>;

class Ingest {
 public:
  virtual ~Ingest() = default;
  /// Errors: kNotFound with InfluxDB's text (`database not found: "x"`, `retention policy not
  /// found: x`), kOverloaded, kNoSpace, kIo, kTooLarge
  /// (`cardinality limit exceeded: …`).
  virtual void write(IngestTarget target, std::unique_ptr<PointSource> points, IngestDone done) = 0;
  /// Rows of the table were deleted: which types its fields have is asked of the store again, so
  /// that a field whose last cell is gone may have another. Safe anywhere, never blocks.
  virtual void forget_fields(TableId table) = 0;
  /// Finishes what is parked; refuses what comes after.
  virtual void stop() = 0;
};

/// The collaborators outlive it.
std::unique_ptr<Ingest> make_ingest(Catalog& catalog, Store& store, const Clock& clock,
                                    Random& random, const IngestOptions& options);

}  // namespace varve
