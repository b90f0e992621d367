// SPDX-License-Identifier: Apache-2.0
// One request being answered: the bridge between a handler's threads and the connection's loop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "serve/http/connection.h"
#include "serve/http/responder.h"

namespace varve {

/// Threads: safe anywhere; what the connection calls says so.
class Exchange final : public ResponseChannel, public std::enable_shared_from_this<Exchange> {
 public:
  explicit Exchange(std::shared_ptr<Connection> connection);
  ~Exchange() override;

  void send(HttpResponse response) override;
  std::unique_ptr<ByteStream> begin(HttpResponse head) override;
  /// The connection watches its client once the answer takes its time: see EventLoop::look_after.
  std::shared_ptr<std::atomic<bool>> cancelled() override {
    wants_watch_.store(true);
    return cancelled_;
  }

  /// Of a stream: queues bytes, waits while `stream_bytes_max` are on their way.
  Result<void> write(std::string_view bytes);
  /// Waits until everything was sent.
  Result<void> finish();
  /// Breaks the connection.
  void abandon();

  /// For the connection, on its loop: the next bytes to send (false: nothing now), and what came of
  /// the last ones.
  bool take(std::string& piece, bool& is_last);
  void on_sent();
  void on_gone();
  bool is_answered() const { return answered_.load(); }
  /// On the connection's loop: watches for the client's going away when somebody asked for
  /// cancelled(); false when nobody did.
  bool watch_client() {
    if (!wants_watch_.load()) return false;
    connection_->watch_client();
    return true;
  }
  /// The client went away; whoever answers may stop, or send to nobody.
  void on_client_gone() { cancelled_->store(true); }

 private:
  void wake_connection();

  std::shared_ptr<Connection> connection_;
  const size_t waiting_bytes_max_;
  std::shared_ptr<std::atomic<bool>> cancelled_;
  std::atomic<bool> answered_{false};
  std::atomic<bool> wants_watch_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_;   // Not yet taken by the connection.
  bool sending_ = false;  // The connection has bytes of ours on their way.
  bool finished_ = false;
  bool last_taken_ = false;
  bool all_sent_ = false;
  bool gone_ = false;
};

}  // namespace varve
