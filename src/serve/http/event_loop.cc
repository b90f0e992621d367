// SPDX-License-Identifier: Apache-2.0
#include "serve/http/event_loop.h"

#include <algorithm>
#include <ctime>
#include <utility>
#include <vector>

#include "serve/http/connection.h"
#include "serve/http/exchange.h"

namespace varve {
namespace {

constexpr std::chrono::milliseconds kUnwatchedFor{50};
// Between sweeps of a loop where nothing happens: waking up for nothing costs some 50 us.
constexpr std::chrono::seconds kRest{60};

}  // namespace

EventLoop::EventLoop(std::chrono::milliseconds sweep_interval, MemoryGovernor* memory)
    : guard_(boost::asio::make_work_guard(context_)),
      timer_(context_),
      sweep_interval_(sweep_interval),
      bodies_(std::make_shared<BodyPool>(memory)),
      look_timer_(context_) {}

void EventLoop::start(std::string_view name) {
  sweep();
  thread_ = Thread(name, [this] { context_.run(); });
}

void EventLoop::stop() {
  boost::asio::post(context_, [this] {
    timer_.cancel();
    look_timer_.cancel();
    close_all();
    guard_.reset();
    context_.stop();
  });
  thread_.join();
  {
    const std::lock_guard lock(stopping_);
    stopped_ = true;
  }
  // What is left are ends of operations on closed sockets; they hold connections, which hold us.
  context_.restart();
  context_.poll();
}

void EventLoop::add(std::shared_ptr<Connection> connection) {
  connections_.insert(std::move(connection));
  count_.store(connections_.size());
}

void EventLoop::remove(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  count_.store(connections_.size());
}

void EventLoop::drain() {
  const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
  for (const auto& connection : all) connection->drain();
}

void EventLoop::close_all() {
  const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
  for (const auto& connection : all) connection->close();
}

const std::string& EventLoop::date() {
  const int64_t now = std::time(nullptr);
  if (now != date_seconds_) {
    date_seconds_ = now;
    const std::time_t seconds = now;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[40];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    date_ = text;
  }
  return date_;
}

void EventLoop::look_after(std::weak_ptr<Exchange> exchange) {
  unwatched_.push_back({Clock::now(), std::move(exchange)});
  if (unwatched_.size() == 1) wait_to_look();
}

void EventLoop::wait_to_look() {
  look_timer_.expires_after(kUnwatchedFor);
  look_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) look();
  });
}

void EventLoop::look() {
  const auto now = Clock::now();
  for (size_t count = unwatched_.size(); count > 0; --count) {
    if (now - unwatched_.front().since < kUnwatchedFor) break;
    Unwatched oldest = std::move(unwatched_.front());
    unwatched_.pop_front();
    const auto exchange = oldest.exchange.lock();
    if (!exchange || exchange->watch_client() || exchange->is_answered()) continue;
    // It still waits for a thread that would want to know.
    unwatched_.push_back({now, std::move(oldest.exchange)});
  }
  if (!unwatched_.empty()) wait_to_look();
}

void EventLoop::sweep() {
  const auto now = Clock::now();
  std::vector<std::shared_ptr<Connection>> late;
  for (const auto& connection : connections_) {
    if (connection->is_late(now)) late.push_back(connection);
  }
  for (const auto& connection : late) connection->time_out();
  bodies_->drop_unused();
  auto next = bodies_->kept_count() > 0 ? now : now + kRest;
  for (const auto& connection : connections_) next = std::min(next, connection->deadline());
  sweep_at_ = Clock::time_point::max();
  sweep_at(next);
}

void EventLoop::sweep_at(Clock::time_point time) {
  time = std::max(time, Clock::now() + sweep_interval_);
  if (time >= sweep_at_) return;
  sweep_at_ = time;
  timer_.expires_at(time);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) sweep();
  });
}

}  // namespace varve
