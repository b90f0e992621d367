// SPDX-License-Identifier: Apache-2.0
// GET and POST /query: InfluxQL in, series out.
//
//   event loop: read_query()  ──▶  query thread: parse, run, write the answer as it comes
// Source: InfluxDB 1.8, services/httpd, Handler.serveQuery.
#pragma once

#include <string>

#include "auth/identity.h"
#include "query/influxql/query.h"
#include "serve/http/message.h"
#include "serve/http/worker_pool.h"
#include "serve/influx/accept.h"
#include "serve/influx/detached_queries.h"
#include "serve/influx/reply.h"
#include "serve/influx/statement_summary.h"

namespace varve::influx {

/// What a request to /query asks for.
struct QueryQuestion {
  std::string database;
  std::string policy;
  std::string text;
  influxql::Parameters parameters;
  bool is_read_only = false;
  bool is_async = false;
  bool takes_gzip = false;
  AnswerForm form;
  ResultWriterOptions writer;
};

/// Pure. Fields of a form body win over those of the URL. kInvalidInput: no query, or malformed
/// parameters.
Result<QueryQuestion> read_query(const HttpRequest& request);

/// What queries run with. The references outlive them.
struct QueryServices {
  const Catalog& catalog;
  const influxql::InfluxqlEngine& engine;
  WorkerPool& pool;
  DetachedQueries& detached;
  StatementSummary* summary = nullptr;  ///< Null: nothing is measured.
  int64_t slow_query_ns = 0;  ///< Statements that take as long are logged; 0: none.
  /// What an answer may take that has to be held as a whole (MessagePack).
  size_t held_answer_bytes_max = size_t{256} << 20;
};

/// Threads: an event loop; the work is done in the pool. 503 when the pool is full; 403, and
/// nothing runs, when one of the statements is not allowed to `who`.
void handle_query(const QueryServices& services, const auth::Identity& who, HttpRequest request,
                  Reply reply);

/// Runs a statement that touches nothing, and answers whether that worked. As handle_query.
void handle_readiness(const influxql::InfluxqlEngine& engine, WorkerPool& pool, Reply reply);

}  // namespace varve::influx
