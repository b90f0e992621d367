// SPDX-License-Identifier: Apache-2.0
// The administration door: long works on a running server, told line by line.
//
//   POST /api/v1/backup?to=/backups/plant[&copy=true]
//   POST /api/v1/restore?from=/backups/plant&db=X[&as=Y][&table=T][&merge=true]
//   POST /api/v1/verify
//
// The answer is a line of JSON for each event: {"progress":"…"}, {"damage":"…"}, and at the end
// {"done":"…","damaged":0} or {"error":"…"}. What fails before the first line has its own status.
// Who may ask: admission.h.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "io/clock.h"
#include "serve/access/access.h"
#include "serve/admin/administration.h"
#include "serve/http/handler.h"
#include "serve/http/worker_pool.h"

namespace varve::admin {

inline constexpr std::string_view kBackupPath = "/api/v1/backup";
inline constexpr std::string_view kRestorePath = "/api/v1/restore";
inline constexpr std::string_view kVerifyPath = "/api/v1/verify";

/// Threads: as HttpHandler. One work at a time; a second question meanwhile is a 409.
class AdminDoor final : public HttpHandler {
 public:
  /// The collaborators outlive the door.
  AdminDoor(Administration& administration, const Access& access, const Clock& clock);
  ~AdminDoor() override;

  /// Tells the work to end; before the server stops.
  void cancel() { stopping_->store(true); }
  /// Waits until it has; after the server stopped.
  void stop();

  void handle(HttpRequest request, Responder responder) override;
  HttpResponse refuse(const HttpRequest& head, int status, std::string_view why) override;

 private:
  void work(const HttpRequest& request, const Responder& responder);

  Administration& administration_;
  const Access& access_;
  const Clock& clock_;
  std::shared_ptr<std::atomic<bool>> stopping_ = std::make_shared<std::atomic<bool>>(false);
  std::atomic<bool> busy_{false};
  WorkerPool pool_{"admin", 1, 1};
};

}  // namespace varve::admin
