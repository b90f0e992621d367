// SPDX-License-Identifier: Apache-2.0
// A client's socket, with TLS over it or without.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "serve/http/tls.h"

namespace varve {

/// Threads: belongs to its event loop's thread. One read and one write may be under way at once.
class Channel {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using SystemError = boost::system::error_code;

  /// Null: without TLS.
  Channel(Socket socket, TlsContext tls) : socket_(std::move(socket)), context_(std::move(tls)) {
    if (context_) tls_.emplace(socket_, *context_);
  }

  bool is_tls() const { return tls_.has_value(); }
  Socket& socket() { return socket_; }
  const Socket& socket() const { return socket_; }
  /// Goes on without TLS. Not from a handler of a TLS operation.
  void drop_tls() { tls_.reset(); }

  template <class Handler>
  void handshake(Handler&& handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }
  /// Says that nothing more will come, and waits for the other side to say so.
  template <class Handler>
  void shut_down_tls(Handler&& handler) {
    tls_->async_shutdown(std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      socket_.async_read_some(buffers, std::forward<Handler>(handler));
    }
  }
  template <class Buffers, class Handler>
  void write(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      boost::asio::async_write(*tls_, buffers, std::forward<Handler>(handler));
    } else {
      boost::asio::async_write(socket_, buffers, std::forward<Handler>(handler));
    }
  }
  /// For few bytes into an empty send buffer: this does not wait.
  template <class Buffers>
  SystemError write_now(const Buffers& buffers) {
    SystemError error;
    if (tls_) {
      boost::asio::write(*tls_, buffers, error);
    } else {
      boost::asio::write(socket_, buffers, error);
    }
    return error;
  }

 private:
  Socket socket_;
  TlsContext context_;  // As long as the stream.
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

/// The other side ended the stream, whether it took leave or not.
bool is_end_of_stream(const boost::system::error_code& error);

/// What failed a handshake was a request in plain HTTP.
bool is_plain_http(const boost::system::error_code& error);

}  // namespace varve
