// SPDX-License-Identifier: Apache-2.0
// Which door answers which path.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "serve/http/handler.h"

namespace varve {

/// Threads: add() before the server starts; then safe anywhere.
class HttpRouter final : public HttpHandler {
 public:
  /// Takes what no path names. Outlives the router, like every handler.
  explicit HttpRouter(HttpHandler& fallback) : fallback_(fallback) {}

  /// Exactly this path.
  void add(std::string path, HttpHandler& handler) { handlers_[std::move(path)] = &handler; }

  void handle(HttpRequest request, Responder responder) override {
    find(request.path).handle(std::move(request), std::move(responder));
  }
  HttpResponse refuse(const HttpRequest& head, int status, std::string_view why) override {
    return find(head.path).refuse(head, status, why);
  }

 private:
  HttpHandler& find(std::string_view path) const {
    const auto found = handlers_.find(path);
    return found == handlers_.end() ? fallback_ : *found->second;
  }

  HttpHandler& fallback_;
  std::map<std::string, HttpHandler*, std::less<>> handlers_;
};

}  // namespace varve
