// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 client for services: plain or TLS, kept connections, a bound on how long it waits for
// a silent peer. It knows neither retries nor redirects: who asks does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace varve {

struct WebAddress {
  bool tls = false;
  std::string host;
  uint16_t port = 80;

  /// As it stands in Host: without the scheme's own port.
  std::string host_header() const;
  friend bool operator==(const WebAddress&, const WebAddress&) = default;
};

/// "http://host", "https://host:port", "https://[::1]:port"; a path is refused.
Result<WebAddress> parse_web_address(std::string_view text);

struct WebClientOptions {
  WebAddress address;
  int64_t connect_timeout_ms = 3'000;
  /// Without a byte sent or received.
  int64_t stall_timeout_ms = 10'000;
  /// Certificates to trust, a PEM file; empty: the system's.
  std::string ca_file;
  /// Connections that are kept while nobody uses them.
  size_t idle_connections_max = 16;
};

struct WebRequest {
  std::string method = "GET";
  std::string target = "/";
  /// With Host, without Content-Length.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;
};

struct WebResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// Empty when there is none. `name` in lower case.
  std::string header(std::string_view name) const;
};

/// Threads: safe anywhere; each call has a connection of its own.
class WebClient {
 public:
  /// kInvalidInput when the certificates cannot be read.
  static Result<std::unique_ptr<WebClient>> make(WebClientOptions options);
  ~WebClient();

  /// kTimeout, or kIo worded for a person: "nothing answers at host:port: Connection refused". The
  /// request may have been served all the same.
  Result<WebResponse> ask(const WebRequest& request);

 private:
  class Connection;
  struct Trust;
  explicit WebClient(WebClientOptions options);
  std::unique_ptr<Connection> take_idle();

  const WebClientOptions options_;
  std::unique_ptr<Trust> trust_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_ GUARDED_BY(mutex_);
};

}  // namespace varve
