// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 server: accepts, reads requests within limits, hands them to a handler, writes
// answers.
//
//   listener ──▶ event loop 0..N-1 ──▶ Connection (one loop each) ──▶ HttpHandler
//                     ▲ sweeps late connections          ◀── Responder, from any thread
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "serve/http/handler.h"
#include "serve/http/options.h"

namespace varve {

/// Threads: start() and stop() belong to one thread; the rest is inside.
class HttpServer {
 public:
  /// The handler outlives the server.
  HttpServer(HttpServerOptions options, HttpHandler& handler);
  /// Stops at once when stop() was not called.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens; gives the port. kIo names the address; kInvalidInput a file of TLS.
  Result<uint16_t> start();
  /// Accepts nothing more, lets requests in flight be answered for that long, then closes what is
  /// left. Returns false when something was cut off.
  bool stop(int64_t deadline_ms);
  /// Reads the files of TLS again, for connections that come from now on. An error leaves
  /// everything as it is. Nothing without TLS.
  Result<void> reload_tls();
  size_t connection_count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace varve
