// SPDX-License-Identifier: Apache-2.0
// A client that sends exactly the bytes a test wants to send.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace varve {

/// One blocking connection to a port of this machine.
class RawClient {
 public:
  explicit RawClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(); }

  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  /// Everything until the server closes.
  std::string read_all() {
    while (receive()) {
    }
    return take(pending_.size());
  }
  /// Until the text has come, or the server closed; with the text.
  std::string read_until(std::string_view end) {
    for (;;) {
      if (const auto at = pending_.find(end); at != std::string::npos) return take(at + end.size());
      if (!receive()) return take(pending_.size());
    }
  }
  /// One whole answer: its head and as many body bytes as its Content-Length says.
  std::string read_answer() {
    std::string answer = read_until("\r\n\r\n");
    const auto at = answer.find("Content-Length: ");
    size_t wanted = at == std::string::npos ? 0 : std::stoul(answer.substr(at + 16));
    while (pending_.size() < wanted && receive()) {
    }
    return answer + take(std::min(wanted, pending_.size()));
  }

 private:
  bool receive() {
    char bytes[16 * 1024];
    const auto size = ::recv(socket_, bytes, sizeof bytes, 0);
    if (size <= 0) return false;
    pending_.append(bytes, static_cast<size_t>(size));
    return true;
  }
  std::string take(size_t size) {
    std::string taken = pending_.substr(0, size);
    pending_.erase(0, size);
    return taken;
  }

  int socket_;
  bool connected_ = false;
  std::string pending_;
};

}  // namespace varve
