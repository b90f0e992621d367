// SPDX-License-Identifier: Apache-2.0
// Who answers requests: a door, behind the server.
#pragma once

#include <string_view>

#include "serve/http/message.h"
#include "serve/http/responder.h"

namespace varve {

/// Threads: called by every event loop at once; must not block.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual void handle(HttpRequest request, Responder responder) = 0;
  /// Words a refusal that the server decides before handle() could be called: 400 (malformed), 408,
  /// 413, 417, 431, 503. `head` may lack everything when nothing could be read. Also called on the
  /// accepting thread.
  virtual HttpResponse refuse(const HttpRequest& head, int status, std::string_view why) = 0;
};

}  // namespace varve
