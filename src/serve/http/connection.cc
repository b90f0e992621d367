// SPDX-License-Identifier: Apache-2.0
#include "serve/http/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>

#include "base/check.h"
#include "serve/http/exchange.h"
#include "serve/http/response_head.h"

namespace varve {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;

struct Connection::Parser : beast_http::request_parser<beast_http::string_body> {};

namespace {

using SystemError = boost::system::error_code;

// One read of the head. Most requests fit, body included.
constexpr size_t kReadBytes = 16 * 1024;
// Of what an idle connection keeps.
constexpr size_t kKeptBytesMax = 64 * 1024;
// A chunk's header is small unless someone plays.
constexpr size_t kChunkHeadBytesMax = 64 * 1024;
constexpr size_t kLingerBytesMax = 64u << 20;
// Over TLS a head travels in one record with a body of up to that size.
constexpr size_t kJoinedBytesMax = 16 * 1024;

/// Joins what goes out as two buffers where that saves a record.
void join_small(const Channel& channel, std::string& head, std::string& piece) {
  if (!channel.is_tls() || piece.size() > kJoinedBytesMax) return;
  head += piece;
  piece.clear();
}

std::string path_of(std::string_view target) {
  // A proxy's absolute form: scheme and authority say nothing to us.
  if (const auto scheme = target.find("://");
      !target.starts_with('/') && scheme != std::string_view::npos) {
    const auto slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return std::string(target);
}

std::string address_text(const asio::ip::tcp::socket& socket) {
  SystemError error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return {};
  const auto address = endpoint.address().to_string();
  const auto port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::shared_ptr<EventLoop> loop,
                       std::shared_ptr<ConnectionShared> shared)
    : loop_(std::move(loop)),
      channel_(std::move(socket), shared->tls.get()),
      shared_(std::move(shared)),
      body_memory_(shared_->options.memory, MemoryGovernor::Use::kBodies) {
  SystemError ignored;
  channel_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  remote_address_ = address_text(channel_.socket());
}

Connection::~Connection() { release_body_bytes(); }

void Connection::start() {
  loop_->add(shared_from_this());
  if (channel_.is_tls()) return shake_hands();
  next_request();
}

void Connection::shake_hands() {
  state_ = State::kHandshake;
  set_deadline(shared_->options.header_timeout_ms);
  channel_.handshake([self = shared_from_this()](SystemError error) {
    if (self->state_ == State::kClosed) return;
    if (!error) return self->next_request();
    if (!is_plain_http(error)) return self->close();
    // Said in plain HTTP, too; after the end of this handler, as the TLS stream goes.
    self->loop_->post([self] {
      if (self->state_ == State::kClosed) return;
      self->channel_.drop_tls();
      self->refuse(400, "this port speaks HTTPS and not HTTP: use https://");
    });
  });
}

void Connection::drain() {
  keep_alive_ = false;
  if (state_ == State::kIdle || state_ == State::kHandshake) close();
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  SystemError ignored;
  channel_.socket().close(ignored);
  if (const auto exchange = exchange_.lock()) exchange->on_gone();
  loop_->remove(shared_from_this());
}

void Connection::time_out() {
  if (state_ != State::kHead && state_ != State::kBody) return close();
  if (low_water_bytes_ > 1) {
    // What came counts, although it was too little to wake us for. Nothing: we are back soon.
    is_last_look_ = true;
    return set_low_water(1);
  }
  // A read is under way; its end refuses, so that nobody reads into a buffer that is gone.
  timed_out_ = true;
  deadline_ = Clock::time_point::max();
  SystemError ignored;
  channel_.socket().cancel(ignored);
}

bool Connection::refuse_late() {
  if (!timed_out_) return false;
  refuse(408, "the request did not arrive in time");
  return true;
}

void Connection::set_deadline(int64_t timeout_ms) {
  deadline_ = Clock::now() + std::chrono::milliseconds(timeout_ms);
  loop_->expect(deadline_);
}

void Connection::release_body_bytes() {
  shared_->bodies_bytes.fetch_sub(body_bytes_claimed_);
  body_bytes_claimed_ = 0;
  body_bytes_reused_ = 0;
  static_cast<void>(body_memory_.set(0));
}

void Connection::next_request() {
  if (body_bytes_claimed_ >= BodyPool::kBytesMin) loop_->expect_body();
  release_body_bytes();
  body_bytes_wanted_ = 0;
  request_ = HttpRequest{};
  parser_ = std::make_unique<Parser>();
  parser_->header_limit(static_cast<uint32_t>(shared_->options.header_bytes_max));
  parser_->body_limit(boost::none);
  state_ = State::kIdle;
  set_deadline(shared_->options.idle_timeout_ms);
  if (shared_->draining.load() || client_gone_) return close();
  if (buffer_.size() > 0) return on_bytes();
  // A watch over TLS reads what comes next, and hands it on.
  if (!watching_ || !channel_.is_tls()) read();
}

void Connection::read() {
  channel_.read_some(buffer_.prepare(kReadBytes),
                     [self = shared_from_this()](SystemError error, size_t size_bytes) {
                       if (self->state_ == State::kClosed || self->refuse_late()) return;
                       if (error) return self->close();
                       self->buffer_.commit(size_bytes);
                       self->on_bytes();
                     });
}

void Connection::on_bytes() {
  switch (state_) {
    case State::kIdle:
      state_ = State::kHead;
      set_deadline(shared_->options.header_timeout_ms);
      [[fallthrough]];
    case State::kHead:
      return parse_head();
    case State::kBody:
      return parse_chunks();
    default:
      CHECK(false);
  }
}

void Connection::parse_head() {
  SystemError error;
  const size_t used = parser_->put(buffer_.data(), error);
  buffer_.consume(used);
  if (error == beast_http::error::need_more) return read();
  if (error == beast_http::error::header_limit) {
    return refuse(431, "the request's head is too large");
  }
  if (error) return refuse(400, "malformed request: " + error.message());
  if (!parser_->is_header_done()) return read();
  on_head();
}

void Connection::on_head() {
  const auto& message = parser_->get();
  request_.method = std::string(message.method_string());
  std::string target = path_of(std::string_view(message.target().data(), message.target().size()));
  const auto question = target.find('?');
  if (question != std::string::npos) {
    request_.parameters = parse_form(std::string_view(target).substr(question + 1));
    target.resize(question);
  }
  auto path = percent_decode(target, PlusSign::kIsItself);
  for (const auto& field : message) {
    request_.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  request_.remote_address = remote_address_;
  is_http_1_0_ = message.version() == 10;
  is_head_request_ = request_.method == "HEAD";
  keep_alive_ = message.keep_alive() && !shared_->draining.load();
  if (message.version() != 10 && message.version() != 11) {
    return refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  if (!path) return refuse(400, "malformed escape in the request's path");
  request_.path = std::move(*path);

  const auto& options = shared_->options;
  const auto announced = parser_->content_length();
  if (announced && *announced > options.body_bytes_max) {
    return refuse(413, status_text(413));
  }
  parser_->body_limit(options.body_bytes_max);
  state_ = State::kBody;
  body_began_ = Clock::now();
  set_deadline(options.body_timeout_ms);
  if (parser_->is_done() || (announced && *announced == 0)) return on_request();
  if (equals_ignoring_case(request_.headers.find("expect").value_or(""), "100-continue") &&
      buffer_.size() == 0) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (channel_.write_now(asio::buffer(kContinue))) return close();
  }
  if (announced) return begin_sized_body(*announced);
  parser_->eager(true);
  if (buffer_.size() > 0) return parse_chunks();
  read();
}

void Connection::parse_chunks() {
  SystemError error;
  const size_t used = parser_->put(buffer_.data(), error);
  buffer_.consume(used);
  if (error == beast_http::error::body_limit) return refuse(413, status_text(413));
  if (error && error != beast_http::error::need_more) {
    return refuse(400, "malformed chunked body: " + error.message());
  }
  const size_t size_bytes = parser_->get().body().size();
  if (size_bytes > shared_->options.body_bytes_max) return refuse(413, status_text(413));
  if (!claim_body_bytes(size_bytes)) return;
  if (parser_->is_done()) {
    request_.body = std::move(parser_->get().body());
    return on_request();
  }
  deadline_ = body_began_ + std::chrono::milliseconds(shared_->options.body_timeout_ms) +
              std::chrono::seconds(size_bytes / shared_->options.body_bytes_per_second_min);
  // A chunk's header that is not complete stays in the buffer.
  if (buffer_.size() > kChunkHeadBytesMax) return refuse(400, "malformed chunked body");
  read();
}

void Connection::on_request() {
  state_ = State::kAnswering;
  set_low_water(1);
  deadline_ = Clock::time_point::max();
  is_chunked_answer_ = false;
  request_.body_pool = loop_->bodies();
  const auto exchange = std::make_shared<Exchange>(shared_from_this());
  exchange_ = exchange;
  loop_->look_after(exchange);
  shared_->handler->handle(std::move(request_), Responder(exchange));
}

void Connection::refuse(int status, std::string_view why) {
  keep_alive_ = false;
  refused_ = true;
  set_low_water(1);
  request_.body.clear();  // It is not whole.
  HttpResponse response = shared_->handler->refuse(request_, status, why);
  if (const auto exchange = exchange_.lock()) exchange->on_gone();
  state_ = State::kAnswering;
  send_whole(nullptr, std::move(response));
}

std::string Connection::head_text(const HttpResponse& response, int64_t body_bytes) {
  if (shared_->draining.load()) keep_alive_ = false;
  return response_head(response, {.date = loop_->date(),
                                  .body_bytes = body_bytes,
                                  .is_http_1_0 = is_http_1_0_,
                                  .keep_alive = keep_alive_});
}

void Connection::send_whole(std::shared_ptr<Exchange> exchange, HttpResponse response) {
  if (state_ != State::kAnswering) return;
  set_deadline(shared_->options.write_timeout_ms);
  head_ = head_text(response, static_cast<int64_t>(response.body.size()));
  piece_ = std::move(response.body);
  if (is_head_request_ || !status_has_body(response.status)) piece_.clear();
  join_small(channel_, head_, piece_);
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head_), asio::buffer(piece_)};
  channel_.write(
      buffers,
      [self = shared_from_this(), exchange = std::move(exchange)](SystemError error, size_t) {
        if (self->state_ == State::kClosed) return;
        if (error) return self->close();
        self->on_answered();
      });
}

void Connection::send_piece(std::shared_ptr<Exchange> exchange) {
  bool is_last = false;
  if (state_ != State::kAnswering || !exchange->take(piece_, is_last)) return;
  set_deadline(shared_->options.write_timeout_ms);
  if (is_head_request_) piece_.clear();
  // The head travels with the first piece; later the place holds the chunk's size.
  if (is_chunked_answer_ && !is_head_request_) {
    if (!piece_.empty()) {
      std::array<char, 20> digits{};
      const auto end =
          std::to_chars(digits.data(), digits.data() + digits.size(), piece_.size(), 16).ptr;
      head_.append(digits.data(), end);
      head_ += "\r\n";
      piece_ += "\r\n";
    }
    if (is_last) piece_ += "0\r\n\r\n";
  }
  join_small(channel_, head_, piece_);
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head_), asio::buffer(piece_)};
  channel_.write(buffers,
                 [self = shared_from_this(), exchange, is_last](SystemError error, size_t) {
                   if (self->state_ == State::kClosed) return;
                   if (error) return self->close();
                   self->head_.clear();
                   self->deadline_ = Clock::time_point::max();
                   exchange->on_sent();
                   if (is_last) return self->on_answered();
                   self->send_piece(exchange);
                 });
}

void Connection::on_answered() {
  exchange_.reset();
  head_.clear();
  piece_.clear();
  // One big request or answer must not leave its buffer with an idle connection.
  if (piece_.capacity() > kKeptBytesMax) std::string().swap(piece_);
  if (buffer_.capacity() > kKeptBytesMax) buffer_.shrink_to_fit();
  if (keep_alive_) return next_request();
  if (refused_) return linger();
  if (channel_.is_tls()) return take_leave();
  SystemError ignored;
  channel_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  close();
}

void Connection::take_leave() {
  // Without it a client could not tell a whole answer from one that somebody cut off.
  state_ = State::kTakingLeave;
  set_deadline(shared_->options.linger_timeout_ms);
  channel_.shut_down_tls([self = shared_from_this()](SystemError) { self->close(); });
}

void Connection::linger() {
  // Closing with unread bytes would reset the connection, and the client might never read why it
  // was refused.
  if (state_ != State::kLingering) {
    state_ = State::kLingering;
    body_bytes_wanted_ = 0;
    SystemError ignored;
    if (!channel_.is_tls()) {
      channel_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    }
    set_deadline(shared_->options.linger_timeout_ms);
    request_ = HttpRequest{};
    parser_.reset();
  }
  buffer_.consume(buffer_.size());
  if (watching_ && channel_.is_tls()) return;  // Its end comes back here.
  channel_.read_some(buffer_.prepare(kReadBytes),
                     [self = shared_from_this()](SystemError error, size_t size_bytes) {
                       if (self->state_ == State::kClosed) return;
                       self->body_bytes_wanted_ += size_bytes;
                       if (error || self->body_bytes_wanted_ > kLingerBytesMax) {
                         return self->close();
                       }
                       self->linger();
                     });
}

}  // namespace varve
