// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 client for Varve's own commands, with TLS or without: one connection, one request at
// a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "serve/http/message.h"

namespace varve {

/// Where a server is.
struct HttpAddress {
  std::string host;
  uint16_t port = 8086;
  bool tls = false;
};

/// "host", "host:port", "[::1]:port", or these behind "http://" or "https://". kInvalidInput names
/// the text.
Result<HttpAddress> parse_http_address(std::string_view text);

struct HttpTrust {
  std::string ca_path;    ///< A PEM file of who is trusted; empty: whom this machine trusts.
  bool insecure = false;  ///< Anybody is.
};

struct HttpQuestion {
  std::string method = "GET";
  std::string target = "/";  ///< Path and query string, encoded.
  HttpHeaders headers;
  std::string body;
};

/// Threads: one owner; calls block.
class HttpClient {
 public:
  /// Takes a piece of the body; an error ends the exchange.
  using OnBody = std::function<Result<void>(std::string_view piece)>;

  /// `always` goes along with every question.
  explicit HttpClient(HttpAddress address, HttpTrust trust = {}, HttpHeaders always = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  /// Connects when there is no connection that still works. The whole body is in the answer.
  /// Errors: kIo, worded for a person ("nothing answers at 127.0.0.1:8086: Connection refused").
  Result<HttpResponse> ask(const HttpQuestion& question);
  /// The same, but a body under status 200 goes to `on_body` as it comes.
  Result<HttpResponse> ask(const HttpQuestion& question, const OnBody& on_body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace varve
