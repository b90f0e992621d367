// SPDX-License-Identifier: Apache-2.0
// One running server: every room, built in order, started, and stopped in the opposite order.
//
//   data directory ─▶ catalog ─▶ engine ─▶ ingest ─▶ queries ─▶ door ─▶ listener ─▶ collector
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "varve/config.h"

namespace varve {

/// Threads: start, stop and the destructor belong to one thread.
class Node {
 public:
  /// Returns when requests are answered. Errors say what could not be opened.
  static Result<std::unique_ptr<Node>> start(const Config& config);
  /// Stops at once when stop() was not called.
  ~Node();

  /// "127.0.0.1:8086" with the port that was bound; nothing when the listener is off.
  std::optional<std::string> http_address() const;
  const std::string& data_path() const;

  /// Reads the files of TLS again; false when there is no TLS. What is wrong with them is logged,
  /// and the old ones stay.
  bool reload();

  /// Lets requests in flight finish, writes rows out, closes. The first error is returned, but
  /// everything is stopped all the same.
  Result<void> stop();

 private:
  struct State;
  explicit Node(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace varve
