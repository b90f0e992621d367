// SPDX-License-Identifier: Apache-2.0
// For tests: a catalog in memory, a fake store, and InfluxQL in and text out.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "catalog/memory_key_value.h"
#include "ingest/ingest.h"
#include "io/clock.h"
#include "io/random.h"
#include "query/influxql/execute/fake_store.h"
#include "query/influxql/query.h"

namespace varve::influxql {

/// Times in texts are seconds. Threads: one owner.
class TestDatabase {
 public:
  /// Begins with a database `db`; now() is second 1000.
  TestDatabase();

  /// Writes lines `cpu,host=a v=1,i=2i,u=3u,ok=true,s="x" 10` (no escapes) into a policy of db.
  void write(std::string_view lines, const std::string& policy = "");
  /// The answer on one line: `cpu{host=a} time,v: 0,1 10,null`; series are separated by `; `,
  /// statements by ` | `. Errors: `error: …`, `refused: …` of a text that does not parse.
  std::string run(std::string_view text);
  std::string run(std::string_view text, QueryRequest request);

  FakeStore& store() { return store_; }
  Catalog& catalog() { return *catalog_; }
  QueryOptions& options() { return options_; }
  SimulatedClock& clock() { return clock_; }

 private:
  void write_line(std::string_view line, const std::string& policy);

  MemoryKeyValueDisk disk_;
  SimulatedClock clock_;
  std::unique_ptr<Catalog> catalog_;
  FakeStore store_;
  SeededRandom random_{1};
  std::unique_ptr<Ingest> ingest_;
  QueryOptions options_;
};

/// `db` with the rows that most tests ask about.
///   cpu  host,region  v float, i integer, ok boolean, s string     mem  used integer
TestDatabase& shared_database();

}  // namespace varve::influxql
