// SPDX-License-Identifier: Apache-2.0
#include "serve/http/exchange.h"

#include <chrono>

#include "base/check.h"

namespace varve {
namespace {

// How often a writer that waits looks whether it is still to write.
constexpr std::chrono::milliseconds kCancelInterval{100};

class ExchangeStream final : public ByteStream {
 public:
  explicit ExchangeStream(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~ExchangeStream() override {
    if (!finished_) exchange_->abandon();
  }
  Result<void> write(std::string_view bytes) override { return exchange_->write(bytes); }
  Result<void> finish() override {
    finished_ = true;
    return exchange_->finish();
  }

 private:
  std::shared_ptr<Exchange> exchange_;
  bool finished_ = false;
};

}  // namespace

Exchange::Exchange(std::shared_ptr<Connection> connection)
    : connection_(std::move(connection)),
      waiting_bytes_max_(connection_->shared_->options.stream_bytes_max),
      cancelled_(std::make_shared<std::atomic<bool>>(false)) {}

Exchange::~Exchange() {
  if (answered_.load()) return;
  // Nobody is left who could answer: a fault of ours, and the client must not wait for ever.
  const auto loop = connection_->loop_;
  loop->post([connection = std::move(connection_)] {
    if (connection->state_ == Connection::State::kAnswering) {
      connection->refuse(500, "the request was not answered");
    }
  });
}

void Exchange::send(HttpResponse response) {
  if (answered_.exchange(true)) return;
  connection_->loop_->post([self = shared_from_this(), response = std::move(response)]() mutable {
    auto& connection = *self->connection_;
    connection.send_whole(std::move(self), std::move(response));
  });
}

std::unique_ptr<ByteStream> Exchange::begin(HttpResponse head) {
  CHECK(!answered_.exchange(true));
  connection_->loop_->post([self = shared_from_this(), head = std::move(head)] {
    auto& connection = *self->connection_;
    connection.is_chunked_answer_ = !connection.is_http_1_0_;
    if (connection.is_http_1_0_) connection.keep_alive_ = false;
    connection.head_ = connection.head_text(head, -1);
    connection.send_piece(self);
  });
  return std::make_unique<ExchangeStream>(shared_from_this());
}

Result<void> Exchange::write(std::string_view bytes) {
  if (bytes.empty()) return {};
  {
    std::unique_lock lock(mutex_);
    // Whoever is cancelled need not wait for a client that takes nothing.
    bool is_cancelled = false;
    while (!gone_ && waiting_.size() >= waiting_bytes_max_) {
      if (is_cancelled) return fail(ErrorCode::kCancelled, "the client does not read");
      is_cancelled = cancelled_->load();
      changed_.wait_for(lock, kCancelInterval);
    }
    if (gone_) return fail(ErrorCode::kCancelled, "the client closed the connection");
    waiting_.append(bytes);
    if (sending_) return {};
  }
  wake_connection();
  return {};
}

Result<void> Exchange::finish() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  wake_connection();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return gone_ || all_sent_; });
  if (gone_ && !all_sent_) return fail(ErrorCode::kCancelled, "the client closed the connection");
  return {};
}

void Exchange::abandon() {
  connection_->loop_->post([self = shared_from_this()] { self->connection_->close(); });
}

void Exchange::wake_connection() {
  connection_->loop_->post([self = shared_from_this()] { self->connection_->send_piece(self); });
}

bool Exchange::take(std::string& piece, bool& is_last) {
  const std::lock_guard lock(mutex_);
  if (sending_ || last_taken_ || gone_) return false;
  if (waiting_.empty() && !finished_ && connection_->head_.empty()) return false;
  piece.clear();
  piece.swap(waiting_);
  is_last = finished_;
  last_taken_ = finished_;
  sending_ = true;
  changed_.notify_all();
  return true;
}

void Exchange::on_sent() {
  const std::lock_guard lock(mutex_);
  sending_ = false;
  if (last_taken_) all_sent_ = true;
  changed_.notify_all();
}

void Exchange::on_gone() {
  cancelled_->store(true);
  const std::lock_guard lock(mutex_);
  gone_ = true;
  changed_.notify_all();
}

}  // namespace varve
