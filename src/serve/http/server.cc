// SPDX-License-Identifier: Apache-2.0
#include "serve/http/server.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "base/log.h"
#include "serve/http/connection.h"
#include "serve/http/event_loop.h"

namespace varve {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using SystemError = boost::system::error_code;

namespace {

std::chrono::milliseconds sweep_interval(const HttpServerOptions& options) {
  const int64_t shortest =
      std::min({options.idle_timeout_ms, options.header_timeout_ms, options.body_timeout_ms,
                options.write_timeout_ms, options.linger_timeout_ms});
  return std::chrono::milliseconds(std::clamp<int64_t>(shortest / 4, 5, 1'000));
}

}  // namespace

struct HttpServer::State {
  State(HttpServerOptions options, HttpHandler& handler)
      : shared(std::make_shared<ConnectionShared>()) {
    shared->options = std::move(options);
    shared->handler = &handler;
  }

  void accept();
  void on_accepted(tcp::socket socket, const std::shared_ptr<EventLoop>& loop);
  size_t connection_count() const;

  std::shared_ptr<ConnectionShared> shared;
  std::vector<std::shared_ptr<EventLoop>> loops;
  std::unique_ptr<tcp::acceptor> acceptor;
  std::unique_ptr<asio::steady_timer> accept_pause;
  size_t next_loop = 0;
  bool stopped = false;
};

size_t HttpServer::State::connection_count() const {
  size_t count = 0;
  for (const auto& loop : loops) count += loop->connection_count();
  return count;
}

void HttpServer::State::on_accepted(tcp::socket socket, const std::shared_ptr<EventLoop>& loop) {
  if (connection_count() >= shared->options.connections_max) {
    if (shared->options.tls) return;  // It could not read what is said before the handshake.
    const auto body =
        shared->handler->refuse(HttpRequest{}, 503, "the server has too many connections").body;
    const std::string text =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
        "Connection: close\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    SystemError ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    return;
  }
  auto connection = std::make_shared<Connection>(std::move(socket), loop, shared);
  loop->post([connection] { connection->start(); });
}

void HttpServer::State::accept() {
  const auto loop = loops[next_loop++ % loops.size()];
  acceptor->async_accept(loop->context(), [this, loop](SystemError error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor->is_open()) return;
    if (!error) {
      on_accepted(std::move(socket), loop);
      return accept();
    }
    // Out of file descriptors, most likely: give others time to close theirs.
    log::warn("http.accept_failed", {{"reason", error.message()}});
    accept_pause->expires_after(std::chrono::milliseconds(100));
    accept_pause->async_wait([this](SystemError stop) {
      if (!stop) accept();
    });
  });
}

HttpServer::HttpServer(HttpServerOptions options, HttpHandler& handler)
    : state_(std::make_unique<State>(std::move(options), handler)) {}

HttpServer::~HttpServer() {
  if (!state_->loops.empty() && !state_->stopped) stop(0);
}

Result<uint16_t> HttpServer::start() {
  const auto& options = state_->shared->options;
  TRY_VOID(reload_tls());
  const size_t threads =
      options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  for (size_t i = 0; i < threads; ++i) {
    state_->loops.push_back(std::make_shared<EventLoop>(sweep_interval(options), options.memory));
  }
  auto& context = state_->loops.front()->context();
  const std::string where = options.host + ":" + std::to_string(options.port);
  const auto refused = [&](const SystemError& error) {
    state_->loops.clear();
    return fail(ErrorCode::kIo, "cannot listen on " + where + ": " + error.message());
  };
  SystemError error;
  tcp::resolver resolver(context);
  const auto found =
      resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, error);
  if (error || found.empty()) return refused(error);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  state_->acceptor = std::make_unique<tcp::acceptor>(context);
  state_->accept_pause = std::make_unique<asio::steady_timer>(context);
  auto& acceptor = *state_->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(1024, error);
  if (error) {
    state_->acceptor.reset();
    state_->accept_pause.reset();
    return refused(error);
  }
  const uint16_t port = acceptor.local_endpoint().port();
  state_->accept();
  for (size_t i = 0; i < threads; ++i) state_->loops[i]->start("net-" + std::to_string(i));
  return port;
}

bool HttpServer::stop(int64_t deadline_ms) {
  if (state_->loops.empty() || state_->stopped) return true;
  state_->stopped = true;
  state_->shared->draining.store(true);
  state_->loops.front()->post([state = state_.get()] {
    SystemError ignored;
    state->acceptor->close(ignored);
    state->accept_pause->cancel();
  });
  for (const auto& loop : state_->loops) {
    loop->post([loop = loop.get()] { loop->drain(); });
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(deadline_ms);
  while (state_->connection_count() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const bool complete = state_->connection_count() == 0;
  for (const auto& loop : state_->loops) loop->stop();
  return complete;
}

Result<void> HttpServer::reload_tls() {
  const auto& files = state_->shared->options.tls;
  if (files) state_->shared->tls.set(TRY(load_tls(*files)));
  return {};
}

size_t HttpServer::connection_count() const { return state_->connection_count(); }

}  // namespace varve
