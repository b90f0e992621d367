// SPDX-License-Identifier: Apache-2.0
// How a handler answers: at once or later, from any thread, whole or in pieces.
//
//   responder.send({.status = 204});                          // whole
//
//   auto stream = responder.begin({.headers = {…}});          // in pieces, from a thread that may
//   wait TRY_VOID(stream->write(rows));                            // waits while the client is
//   slow TRY_VOID(stream->finish());
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "serve/http/message.h"

namespace varve {

/// The body of an answer on its way. Threads: one at a time, never an event loop.
/// Destroyed without finish(), it breaks the connection, so that the client sees that the answer
/// is not complete.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Waits while too much is on its way. kCancelled when the client went away or is too slow, and
  /// when the flag that ResponseChannel::cancelled() gave is set while the client takes nothing.
  virtual Result<void> write(std::string_view bytes) = 0;
  virtual Result<void> finish() = 0;
};

/// What stands behind a Responder. Threads: safe anywhere. Takes one send() or one begin(); when it
/// goes away without either, the client gets a 500.
class ResponseChannel {
 public:
  virtual ~ResponseChannel() = default;
  virtual void send(HttpResponse response) = 0;
  virtual std::unique_ptr<ByteStream> begin(HttpResponse head) = 0;
  /// Becomes true when the client goes away; others may set it, too.
  virtual std::shared_ptr<std::atomic<bool>> cancelled() = 0;
};

/// The right to answer one request. Copies share it; the first answer counts.
class Responder {
 public:
  explicit Responder(std::shared_ptr<ResponseChannel> channel) : channel_(std::move(channel)) {}

  void send(HttpResponse response) const { channel_->send(std::move(response)); }
  /// Sends the head; its body is ignored.
  std::unique_ptr<ByteStream> begin(HttpResponse head) const {
    return channel_->begin(std::move(head));
  }
  /// Set when the client goes away before it was answered. Ask for it where the work is long: it
  /// makes the connection watch its client.
  std::shared_ptr<std::atomic<bool>> cancelled() const { return channel_->cancelled(); }

 private:
  std::shared_ptr<ResponseChannel> channel_;
};

}  // namespace varve
