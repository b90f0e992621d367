// SPDX-License-Identifier: Apache-2.0
// GET and POST /query: InfluxQL in, series out.
//
//   event loop: read_query()  ──▶  query thread: parse, run, write the answer as it comes
// Source: InfluxDB 1.8, services/httpd, Handler.serveQuery.
#pragma once

#include <string>

#include "query/influxql/query.h"
#include "serve/http/message.h"
#include "serve/http/worker_pool.h"
#include "serve/influx/accept.h"
#include "serve/influx/reply.h"

namespace varve::influx {

/// What a request to /query asks for.
struct QueryQuestion {
  std::string database;
  std::string policy;
  std::string text;
  influxql::Parameters parameters;
  bool is_read_only = false;
  bool is_async = false;
  AnswerForm form;
  ResultWriterOptions writer;
};

/// Pure. Fields of a form body win over those of the URL. kInvalidInput: no query, or malformed
/// parameters.
Result<QueryQuestion> read_query(const HttpRequest& request);

/// Threads: an event loop; the work is done in the pool. 503 when the pool is full. `stopping` ends
/// queries that nobody waits for (async=true).
void handle_query(const influxql::InfluxqlEngine& engine, WorkerPool& pool, CancelFlag stopping,
                  const HttpRequest& request, Reply reply);

/// Runs a statement that touches nothing, and answers whether that worked. As handle_query.
void handle_readiness(const influxql::InfluxqlEngine& engine, WorkerPool& pool, Reply reply);

}  // namespace varve::influx
