// SPDX-License-Identifier: Apache-2.0
// The part of Connection that reads a body whose size was announced.
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <cstring>

#include "serve/http/connection.h"

namespace varve {

namespace asio = boost::asio;
using SystemError = boost::system::error_code;

namespace {

// A body's buffer is filled with what has come, not with what was announced: announcing is free.
// Steps are short, so that what a step makes zero is still near when bytes are read over it.
constexpr size_t kBodyStepBytes = 64 * 1024;
constexpr size_t kBodyStepBytesMax = 1024 * 1024;
// Nearly every body gets its room at once: it is not copied as it grows, and the next one of the
// like gets the same memory again, which is mapped already.
constexpr size_t kBodyReserveBytesMax = 16u << 20;
// Room behind the body, so that a parser that loads whole vectors need not copy it.
constexpr size_t kBodySpareBytes = 64;
// Then other connections have their turn.
constexpr size_t kTurnBytesMax = 1 << 20;

}  // namespace

bool Connection::claim_body_bytes(size_t total) {
  if (total <= body_bytes_claimed_) return true;
  const size_t more = total - body_bytes_claimed_;
  const size_t before = shared_->bodies_bytes.fetch_add(more);
  body_bytes_claimed_ = total;
  if (before + more > shared_->options.bodies_bytes_max) {
    refuse(503, "too many request bodies are in memory");
    return false;
  }
  const size_t there = std::max(total, body_bytes_reused_);
  if (there <= HttpServerOptions::kBodyBytesFree || body_memory_.set(there)) return true;
  refuse(503, "the memory limit is reached; try again soon");
  return false;
}

void Connection::begin_sized_body(size_t size_bytes) {
  body_bytes_wanted_ = size_bytes;
  auto& body = request_.body;
  body = loop_->bodies()->take(size_bytes + kBodySpareBytes);
  // Memory that was used before is there as a whole, whether bytes come or not; the pool had
  // claimed it.
  body_bytes_reused_ = body.capacity() >= BodyPool::kBytesMin ? body.capacity() : 0;
  body_memory_.set_anyway(body_bytes_reused_);
  // Only addresses: memory comes with the bytes.
  body.reserve(BodyPool::room_for(std::min(size_bytes, kBodyReserveBytesMax) + kBodySpareBytes));
  const size_t here = std::min(size_bytes, buffer_.size());
  if (body.size() < here) body.resize(here);
  std::memcpy(body.data(), buffer_.data().data(), here);
  buffer_.consume(here);
  body_bytes_read_ = here;
  read_sized_body();
}

void Connection::read_sized_body() {
  size_t turn_bytes = 0;
  bool is_drained = channel_.is_tls();  // Then bytes come from the stream only.
  while (body_bytes_read_ < body_bytes_wanted_) {
    const auto room = body_room();
    if (room.empty()) return;
    if (is_drained || turn_bytes >= kTurnBytesMax) return await_body(room);
    const int handle = channel_.socket().native_handle();
    const auto received = ::recv(handle, room.data(), room.size(), MSG_DONTWAIT);
    if (received == 0) return refuse_short_body();
    if (received < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return close();
      is_drained = true;
      continue;
    }
    const auto size_bytes = static_cast<size_t>(received);
    is_drained = size_bytes < room.size();
    turn_bytes += size_bytes;
    on_body_bytes(size_bytes);
  }
  request_.body.resize(body_bytes_read_);  // Memory of an earlier body may be longer.
  on_request();
}

std::span<char> Connection::body_room() {
  auto& body = request_.body;
  const size_t have = body_bytes_read_;
  const size_t left = body_bytes_wanted_ - have;
  // Room that a short read left over is used first: each byte of it was made zero already.
  size_t end = std::min(body.size(), body_bytes_claimed_);
  if (end < have + std::min(left, kBodyStepBytes)) {
    end = have + std::min(left, std::clamp(have, kBodyStepBytes, kBodyStepBytesMax));
    if (!claim_body_bytes(end)) return {};
    if (const size_t room = end + kBodySpareBytes; room > body.capacity()) {
      body.reserve(std::min(body_bytes_wanted_ + kBodySpareBytes, std::max(room, 2 * have)));
    }
    if (body.size() < end) body.resize(end);
  }
  end = std::min(end, body_bytes_wanted_);
  return {body.data() + have, end - have};
}

void Connection::on_body_bytes(size_t size_bytes) {
  body_bytes_read_ += size_bytes;
  const auto& options = shared_->options;
  deadline_ = body_began_ + std::chrono::milliseconds(options.body_timeout_ms) +
              std::chrono::seconds(body_bytes_read_ / options.body_bytes_per_second_min);
}

void Connection::await_body(std::span<char> room) {
  if (is_last_look_) {
    is_last_look_ = false;
    timed_out_ = is_late(Clock::now());
    if (refuse_late()) return;
  }
  if (channel_.is_tls()) {
    return channel_.read_some(
        asio::buffer(room.data(), room.size()),
        [self = shared_from_this()](SystemError error, size_t size_bytes) {
          if (self->state_ == State::kClosed || self->refuse_late()) return;
          if (is_end_of_stream(error)) return self->refuse_short_body();
          if (error) return self->close();
          self->on_body_bytes(size_bytes);
          self->read_sized_body();
        });
  }
  // The room is claimed: what waits in the socket is never more than that. Setting it costs two
  // calls, so it is for bodies that would wake us many times.
  if (room.size() >= kBodyStepBytes || low_water_bytes_ > 1) set_low_water(room.size());
  // This looks at the socket anew: what came since the last look is not missed.
  channel_.socket().async_wait(
      asio::ip::tcp::socket::wait_read, [self = shared_from_this()](SystemError error) {
        if (self->state_ == State::kClosed || self->refuse_late()) return;
        if (error) return self->close();
        self->read_sized_body();
      });
}

// The kernel takes no more than half of what the socket may hold, and wakes us anyway when it is
// out of room, or at the end of the stream: a wrong number costs time and stalls nobody.
void Connection::set_low_water(size_t size_bytes) {
  if (size_bytes == low_water_bytes_) return;
  low_water_bytes_ = size_bytes;
  const int bytes = static_cast<int>(size_bytes);
  ::setsockopt(channel_.socket().native_handle(), SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

void Connection::refuse_short_body() {
  refuse(400, "the body is shorter than its Content-Length");
}

}  // namespace varve
