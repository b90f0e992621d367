// SPDX-License-Identifier: Apache-2.0
// Line protocol by UDP: datagrams of whole lines, gathered into batches.
//
//   datagram ─┐
//   datagram ─┼─▶ batch: full, or old enough ──▶ Ingest::write
//   datagram ─┘
// A datagram that ends within a text or with a backslash is a batch by itself, so that it takes no
// lines of others. Nobody is answered: what is wrong or too much is counted (`varve_udp_*`) and
// left out.
// Source: InfluxDB 1.x, services/udp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "catalog/catalog.h"
#include "codec/time_precision.h"
#include "ingest/ingest.h"
#include "io/clock.h"

namespace varve::udp {

struct ListenerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8089;             ///< 0: any free one.
  IngestTarget target{.database = "udp", .policy = {}};  ///< The database is made when missing.
  TimePrecision precision = TimePrecision::kNanosecond;
  size_t batch_bytes_max = 1 << 20;
  int64_t batch_age_max_ms = 1'000;
  size_t batches_in_flight_max = 10;  ///< Further datagrams are left out.
  size_t receive_buffer_bytes = 0;    ///< Of the socket; 0: the system's.
};

/// Threads: start() and stop() by one owner; the work has a thread of its own.
class Listener {
 public:
  /// The collaborators outlive it.
  Listener(Catalog& catalog, Ingest& ingest, const Clock& clock, ListenerOptions options);
  ~Listener();

  /// Binds; gives the port. kIo: the address cannot be had.
  Result<uint16_t> start();
  /// Hands over what is gathered; answers to it may still come.
  void stop();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace varve::udp
