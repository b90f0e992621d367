// SPDX-License-Identifier: Apache-2.0
// InfluxQL as a door sees it: a text goes in, answers come out of a sink.
//
//   text ──parse()──▶ ParsedQuery ──run()──▶ ResultSink
//                      statements             statement 0: series, rows …
//                                             statement 1: error …
// Threads: an engine is safe anywhere. run() reads and writes where it is called and may block on
// the store, the catalog's disk and the sink: give it a query thread, never an event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "ingest/ingest.h"
#include "io/clock.h"
#include "io/random.h"
#include "model/query_result.h"
#include "query/influxql/ast.h"
#include "query/influxql/parameters.h"
#include "store/store.h"

namespace varve {
class MemoryGovernor;
}

namespace varve::influxql {

/// How the store is.
struct StorageFacts {
  bool writable = true;
  uint64_t quarantined_files = 0;  ///< Left out of every answer.
  uint64_t deletes_pending = 0;    ///< Not yet applied to every file.
  std::vector<std::string> damage = {};  ///< What was found damaged, one sentence each.
};

struct QueryOptions {
  /// Series one SELECT may touch; 0: no limit. InfluxDB's max-select-series.
  size_t series_max = 0;
  /// Windows of GROUP BY time(…) one SELECT may span; 0: no limit. InfluxDB's max-select-buckets.
  size_t windows_max = 0;
  /// Bytes one statement may hold while it works.
  size_t memory_bytes_max = size_t{1} << 30;
  /// Shared with everything else that holds memory; null: no limit. It outlives the engine.
  MemoryGovernor* memory = nullptr;
  /// How long all statements of a request may take; 0: no limit. InfluxDB's query-timeout.
  int64_t timeout_ns = 0;
  /// For SHOW DIAGNOSTICS.
  std::string version;
  /// The same; null: it says nothing about storage.
  std::function<StorageFacts()> storage;
};

/// One text to run, and for whom. What it points to outlives the calls it is given to.
struct QueryRequest {
  std::string database;  ///< Of the request; a statement may name another.
  std::string policy;    ///< Empty: the database's default.
  std::string text;
  const Parameters* parameters = nullptr;  ///< For `$name`; null: none.
  /// True for GET: a statement that changes something still runs, with a warning beside it.
  bool is_read_only = false;
  /// Whose grants limit what lists of databases show; null: everything is shown. Whether the
  /// statements are allowed at all is the door's to check.
  UserRef user = nullptr;
  /// Set it to stop the query; may be null.
  CancelFlag cancel;
};

/// What statements read and change. All of it outlives the engine.
struct QueryServices {
  Catalog& catalog;
  Ingest& ingest;
  Store& store;
  StoreAdmin& admin;
  const Clock& clock;
  Random& random;
};

struct ParsedQuery {
  std::vector<Statement> statements;
};

class LateQueries;
class RunningQueries;
struct ServerFacts;

class InfluxqlEngine {
 public:
  InfluxqlEngine(const QueryServices& services, const QueryOptions& options);
  ~InfluxqlEngine();

  /// An error here is the client's (InfluxDB: HTTP 400); the door puts "error parsing query: "
  /// before its message. A text of nothing but `;` gives no statements.
  Result<ParsedQuery> parse(const QueryRequest& request) const;

  /// Runs statement after statement, each answered into the sink under its index. A failing one
  /// ends with statement_error; the next is then answered with "not executed" and the rest not at
  /// all. Returns an error only when the sink refused or the request was cancelled.
  Result<void> run(const ParsedQuery& query, const QueryRequest& request, ResultSink& sink) const;

 private:
  ServerFacts facts() const;

  QueryServices services_;
  QueryOptions options_;
  const int64_t started_ns_;
  const int64_t started_steady_ns_;
  const std::unique_ptr<RunningQueries> running_;
  const std::unique_ptr<LateQueries> late_;  // Null: queries may take as long as they like.
};

}  // namespace varve::influxql
