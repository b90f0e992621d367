// SPDX-License-Identifier: Apache-2.0
// POST /write and /api/v2/write: line protocol or MessagePack into a database; and
// /api/v1/prom/write, what Prometheus sends.
//
//   read_write() ──▶ Ingest::write ──▶ word_write() ──▶ 204, or what went wrong
// Small bodies take this way on the event loop that has read them, large ones in a pool.
// Source: InfluxDB 1.8, services/httpd, Handler.serveWrite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "auth/identity.h"
#include "catalog/catalog.h"
#include "ingest/ingest.h"
#include "model/points.h"
#include "serve/http/message.h"
#include "serve/http/worker_pool.h"
#include "serve/influx/reply.h"

namespace varve::influx {

/// What a request to /write asks for.
struct WriteQuestion {
  IngestTarget target;
  std::unique_ptr<PointSource> points;
};

/// Pure. Takes the body. Errors: kInvalidInput, kNotFound (a bucket that names no database),
/// kTooLarge (the body is larger than `body_bytes_max` once decompressed).
Result<WriteQuestion> read_write(HttpRequest& request, int64_t now_ns, size_t body_bytes_max);

struct WriteAnswer {
  int status = 204;
  std::string message = {};  ///< Of an error.
};

/// Where the rows were to go, as answers name it.
struct WritePlace {
  std::string database;
  std::string policy;  ///< The default one by its name.
};

/// Pure.
WriteAnswer word_write(const Result<IngestSummary>& outcome, const WritePlace& place);

/// True when reading the body may take longer than others on the event loop can wait: it is large,
/// or small and stands for much.
bool is_long_work(const HttpRequest& request);

/// What writes need. All of it outlives them.
struct WriteServices {
  const Catalog& catalog;
  Ingest& ingest;
  const Clock& clock;
  WorkerPool& pool;  ///< For long work.
  size_t body_bytes_max = 0;  ///< Of a decompressed body.
};

/// Threads: an event loop; does not block. 403 when `who` may not write into the database, 503 when
/// the pool has too much to do.
void handle_write(const WriteServices& services, const auth::Identity& who, HttpRequest request,
                  Reply reply);

}  // namespace varve::influx
