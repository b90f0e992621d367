// SPDX-License-Identifier: Apache-2.0
// Who sends a request: what stands between every door and what it guards.
//
//   access.identify(std::move(request), [](HttpRequest request, Result<auth::Identity> who) {
//     if (!who) …refuse in the door's words: kUnauthenticated, kOverloaded…
//     …who->check_write(*catalog.snapshot(), database)…
//   });
#pragma once

#include <functional>

#include "auth/authenticator.h"
#include "base/result.h"
#include "serve/http/message.h"

namespace varve {

struct AccessOptions {
  /// Whether the parameters `u` and `p` of a URL, or of the form in the body of a POST, count. They
  /// then win over the Authorization header, as in InfluxDB.
  bool allow_parameters = true;
};

/// What the request says of who sends it. Pure.
auth::Credentials credentials_of(const HttpRequest& request, const AccessOptions& options);

/// Threads: safe anywhere.
class Access {
 public:
  using Then = std::function<void(HttpRequest request, Result<auth::Identity> who)>;

  /// The authenticator outlives it.
  Access(auth::Authenticator& authenticator, AccessOptions options)
      : authenticator_(authenticator), options_(options) {}

  bool is_enabled() const { return authenticator_.is_enabled(); }
  /// Calls `then` once: on this thread when it is known at once who asks, else on one that hashed a
  /// password. `then` must not wait.
  void identify(HttpRequest request, Then then) const;

 private:
  auth::Authenticator& authenticator_;
  AccessOptions options_;
};

}  // namespace varve
