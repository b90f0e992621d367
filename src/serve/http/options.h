// SPDX-License-Identifier: Apache-2.0
// Limits of the HTTP server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace varve {

class MemoryGovernor;

/// PEM files: the server's certificate, with those between it and the root, and its key.
struct TlsFiles {
  std::string certificate_path;
  std::string key_path;
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8086;                    ///< 0: any free one.
  size_t threads = 0;                      ///< Event loops; 0: one for each core.
  size_t connections_max = 10'000;         ///< Further ones get a 503 and are closed.
  size_t header_bytes_max = 1 << 20;       ///< Request line and fields. More: 431.
  size_t body_bytes_max = 26'214'400;      ///< One request. More: 413.
  size_t bodies_bytes_max = 512ull << 20;  ///< All requests being read or answered. More: 503.
  /// Asked before a body of more than kBodyBytesFree is held. Null: no limit. More: 503.
  MemoryGovernor* memory = nullptr;
  static constexpr size_t kBodyBytesFree = 64 * 1024;
  size_t stream_bytes_max = 256 * 1024;    ///< On its way to one slow client.
  int64_t idle_timeout_ms = 180'000;       ///< Between requests.
  int64_t header_timeout_ms = 10'000;      ///< From the first byte to the end of the head.
  /// For a whole body, plus one second for each body_bytes_per_second_min bytes that came.
  int64_t body_timeout_ms = 30'000;
  size_t body_bytes_per_second_min = 16 * 1024;
  int64_t write_timeout_ms = 60'000;  ///< For one piece of an answer.
  int64_t linger_timeout_ms = 2'000;  ///< To let a refused client read why.
  /// HTTPS and nothing else; a handshake has `header_timeout_ms`. Nothing: plain HTTP.
  std::optional<TlsFiles> tls = std::nullopt;
};

}  // namespace varve
