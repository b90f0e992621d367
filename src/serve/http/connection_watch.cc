// SPDX-License-Identifier: Apache-2.0
// The part of Connection that notices a client going away while its request is answered.
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>

#include "serve/http/connection.h"
#include "serve/http/exchange.h"

namespace varve {

namespace asio = boost::asio;
using SystemError = boost::system::error_code;

namespace {

constexpr size_t kWatchedBytes = 4 * 1024;

}  // namespace

void Connection::watch_client() {
  if (watching_ || state_ != State::kAnswering) return;
  if (channel_.is_tls()) return watch_tls_client();
  watching_ = true;
  channel_.socket().async_wait(
      asio::ip::tcp::socket::wait_read, [self = shared_from_this()](SystemError error) {
        self->watching_ = false;
        if (error || self->state_ != State::kAnswering) return;
        char byte = 0;
        const int handle = self->channel_.socket().native_handle();
        const auto peeked = ::recv(handle, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        // Bytes are the next request, pipelined; an end is a client that went away.
        if (peeked > 0) return;
        if (peeked < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return self->watch_client();
        if (const auto exchange = self->exchange_.lock()) exchange->on_client_gone();
      });
}

void Connection::watch_tls_client() {
  // What is encrypted cannot be peeked at: it is read, and kept for the next request.
  if (buffer_.size() > 0) return;
  watching_ = true;
  watched_.resize(kWatchedBytes);
  channel_.read_some(
      asio::buffer(watched_), [self = shared_from_this()](SystemError error, size_t size_bytes) {
        self->watching_ = false;
        if (self->state_ == State::kClosed || self->state_ == State::kTakingLeave) return;
        if (self->state_ == State::kLingering) return error ? self->close() : self->linger();
        if (error) {
          self->client_gone_ = true;
          if (self->state_ != State::kAnswering) return self->close();
          if (const auto exchange = self->exchange_.lock()) exchange->on_client_gone();
          return;
        }
        const auto room = self->buffer_.prepare(size_bytes);
        asio::buffer_copy(room, asio::buffer(self->watched_, size_bytes));
        self->buffer_.commit(size_bytes);
        std::string().swap(self->watched_);
        if (self->state_ == State::kIdle) self->on_bytes();
      });
}

}  // namespace varve
