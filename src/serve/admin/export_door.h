// SPDX-License-Identifier: Apache-2.0
// The export door: everything, or a part of it, as line protocol (line_export.h).
//
//   GET /api/v1/export[?db=X][&rp=R][&measurement=M][&start=T][&end=T]
//
// Times are nanoseconds since 1970 or RFC 3339; rows from `start` on and before `end`. The text
// streams as fast as the client takes it, as gzip where it asks for that; it breaks off when
// something fails on the way. Who may ask: admission.h.
#pragma once

#include <atomic>
#include <string_view>

#include "serve/access/access.h"
#include "serve/admin/line_export.h"
#include "serve/http/handler.h"
#include "serve/http/worker_pool.h"

namespace varve::admin {

inline constexpr std::string_view kExportPath = "/api/v1/export";

/// kInvalidInput names the parameter.
Result<ExportQuestion> export_question(const HttpRequest& request);

/// Threads: as HttpHandler. Two exports at a time; what does not fit into a short queue is a 503.
class ExportDoor final : public HttpHandler {
 public:
  /// The collaborators outlive the door.
  ExportDoor(const Catalog& catalog, Store& store, const Access& access)
      : catalog_(catalog), store_(store), access_(access) {}
  ~ExportDoor() override;

  /// Tells exports to end; before the server stops.
  void cancel() { stopping_.store(true); }
  /// Waits until they have; after the server stopped.
  void stop() { pool_.stop(); }

  void handle(HttpRequest request, Responder responder) override;
  HttpResponse refuse(const HttpRequest& head, int status, std::string_view why) override;

 private:
  void work(const HttpRequest& request, const Responder& responder);
  void run(const ExportQuestion& question, bool gzips, const Responder& responder);

  const Catalog& catalog_;
  Store& store_;
  const Access& access_;
  std::atomic<bool> stopping_{false};
  WorkerPool pool_{"export", 2, 8};
};

}  // namespace varve::admin
