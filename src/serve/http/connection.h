// SPDX-License-Identifier: Apache-2.0
// One client: reads a request, waits for its answer, writes it, and so on until either side ends.
//
//   kHandshake ──▶ kIdle, with TLS
//   kIdle ──first byte──▶ kHead ──▶ kBody ──▶ kAnswering ──▶ kIdle (keep-alive) or kClosed
//                           └─ refused ─────────┴──▶ kLingering (reads and forgets) ──▶ kClosed
// A pipelined request waits in the buffer until the one before it is answered, so answers keep
// their order.
#pragma once

#include <atomic>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/memory_governor.h"
#include "serve/http/channel.h"
#include "serve/http/event_loop.h"
#include "serve/http/handler.h"
#include "serve/http/options.h"

namespace varve {

class Exchange;

/// What all connections of a server share.
struct ConnectionShared {
  HttpServerOptions options;
  HttpHandler* handler = nullptr;  // Outlives the server.
  std::atomic<size_t> bodies_bytes{0};
  std::atomic<bool> draining{false};
  SharedTls tls;
};

/// Threads: belongs to its event loop's thread, but for what Exchange says.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = EventLoop::Clock;

  Connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<EventLoop> loop,
             std::shared_ptr<ConnectionShared> shared);
  ~Connection();

  void start();
  /// Ends after the present answer, or now when there is none.
  void drain();
  /// Ends at once; whoever still answers gets kCancelled.
  void close();
  Clock::time_point deadline() const { return deadline_; }
  bool is_late(Clock::time_point now) const { return now > deadline_; }
  /// What happens when the deadline has passed.
  void time_out();

 private:
  friend class Exchange;
  enum class State : uint8_t {
    kHandshake, kIdle, kHead, kBody, kAnswering, kLingering, kTakingLeave, kClosed
  };
  struct Parser;

  void shake_hands();
  void next_request();
  void read();
  void begin_sized_body(size_t size_bytes);
  void read_sized_body();
  /// Where the next bytes of the body go; empty, and refused, when there may be no more of them.
  std::span<char> body_room();
  void await_body(std::span<char> room);
  void on_body_bytes(size_t size_bytes);
  void refuse_short_body();
  /// So many bytes must have come before the socket says so: one wake-up for many packets.
  void set_low_water(size_t size_bytes);
  void on_bytes();
  void parse_head();
  void on_head();
  void parse_chunks();
  void on_request();
  /// Only while no read is under way.
  void refuse(int status, std::string_view why);
  /// Refuses when the deadline passed during the read that just ended.
  bool refuse_late();
  void linger();
  void release_body_bytes();
  /// False, and refused, when all bodies together have reached their limit.
  bool claim_body_bytes(size_t total);
  void take_leave();
  void watch_client();
  void watch_tls_client();
  void set_deadline(int64_t timeout_ms);
  /// The head of an answer, ready to send. `body_bytes` negative: of unknown size.
  std::string head_text(const HttpResponse& response, int64_t body_bytes);
  void send_whole(std::shared_ptr<Exchange> exchange, HttpResponse response);
  void send_piece(std::shared_ptr<Exchange> exchange);
  void on_answered();

  std::shared_ptr<EventLoop> loop_;  // Before the channel, which must end first.
  Channel channel_;
  std::shared_ptr<ConnectionShared> shared_;
  boost::beast::flat_buffer buffer_;
  State state_ = State::kIdle;
  Clock::time_point deadline_;
  Clock::time_point body_began_;
  HttpRequest request_;
  std::unique_ptr<Parser> parser_;
  size_t body_bytes_read_ = 0;     // Of it; the body may have room for more already.
  size_t body_bytes_reused_ = 0;   // Of the room for it: there before it came.
  size_t body_bytes_wanted_ = 0;   // Of a body with a Content-Length.
  size_t body_bytes_claimed_ = 0;  // Counted in ConnectionShared::bodies_bytes.
  size_t low_water_bytes_ = 1;     // Of the socket.
  ScopedMemory body_memory_;
  std::weak_ptr<Exchange> exchange_;
  std::string remote_address_;
  std::string head_;   // Of the answer being sent.
  std::string piece_;  // Of the answer being sent.
  std::string watched_;  // What a watch over TLS reads into.
  bool is_http_1_0_ = false;
  bool keep_alive_ = true;
  bool is_head_request_ = false;
  bool is_chunked_answer_ = false;
  bool watching_ = false;
  bool client_gone_ = false;
  bool refused_ = false;
  bool timed_out_ = false;
  bool is_last_look_ = false;  // It is late; but some bytes may have come.
};

}  // namespace varve
