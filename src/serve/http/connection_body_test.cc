// SPDX-License-Identifier: Apache-2.0
// Bodies for which the socket is asked to wait until much of them has come.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/memory_governor.h"
#include "serve/http/body_pool.h"
#include "serve/http/raw_client_for_test.h"
#include "serve/http/server.h"

namespace varve {
namespace {

// Above what is read at once, so that the socket waits for more than one packet.
constexpr size_t kBodyBytes = 1'000'000;
// With so many, the next bytes wait in the socket until as many have come again.
constexpr size_t kSeenBytes = 66'000;

/// Answers with the body it got.
class Mirror final : public HttpHandler {
 public:
  void handle(HttpRequest request, Responder responder) override {
    responder.send({.body = std::move(request.body)});
  }
  HttpResponse refuse(const HttpRequest&, int status, std::string_view why) override {
    return {.status = status, .headers = {}, .body = "refused: " + std::string(why)};
  }
};

class ConnectionBody : public ::testing::Test {
 protected:
  ~ConnectionBody() override {
    if (server_) server_->stop(0);
  }
  uint16_t serve(HttpServerOptions options) {
    options.port = 0;
    options.threads = 1;
    server_ = std::make_unique<HttpServer>(std::move(options), mirror_);
    const auto port = server_->start();
    EXPECT_TRUE(port);
    return port.value_or(0);
  }

  Mirror mirror_;
  std::unique_ptr<HttpServer> server_;
};

// No two of its pieces are the same.
std::string long_body() {
  std::string body;
  while (body.size() < kBodyBytes) body += std::to_string(body.size()) + ",";
  return body;
}

std::string head_for(const std::string& body) {
  return "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
}

/// Says it in a word: a failure must not print a million bytes.
bool has_body(const std::string& answer, std::string_view body) {
  return std::string_view(answer).substr(answer.find("\r\n\r\n") + 4) == body;
}

void pause(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

TEST_F(ConnectionBody, IsReadWholeInWhateverPiecesItComes) {
  RawClient client(serve({}));
  const std::string body = long_body();
  // One request after another: what was asked of the socket for a body must not hold up the next.
  for (const size_t piece_bytes : {1'000u, 70'001u, 300'000u, 2'000'000u}) {
    client.send(head_for(body));
    for (size_t begin = 0; begin < body.size(); begin += piece_bytes) {
      ASSERT_TRUE(client.send(std::string_view(body).substr(begin, piece_bytes)));
      std::this_thread::yield();
    }
    EXPECT_TRUE(has_body(client.read_answer(), body)) << piece_bytes;
    client.send(head_for("small") + "small");
    EXPECT_TRUE(has_body(client.read_answer(), "small"));
  }
}

TEST_F(ConnectionBody, LeavesWhatIsPipelinedBehindItAlone) {
  RawClient client(serve({}));
  const std::string body = long_body();
  client.send(head_for(body) + body.substr(0, kSeenBytes));
  pause(20);
  client.send(body.substr(kSeenBytes) + head_for("next") + "next");
  EXPECT_TRUE(has_body(client.read_answer(), body));
  EXPECT_TRUE(has_body(client.read_answer(), "next"));
}

/// Gives bodies back to be used again.
class Returner final : public HttpHandler {
 public:
  void handle(HttpRequest request, Responder responder) override {
    if (const auto pool = request.body_pool) pool->give(std::move(request.body));
    responder.send({.status = 204});
  }
  HttpResponse refuse(const HttpRequest&, int status, std::string_view) override {
    return {.status = status};
  }
};

TEST_F(ConnectionBody, IsCountedWithTheMemoryOfAnEarlierOneWhileItStalls) {
  MemoryGovernor memory(1u << 30, {});
  Returner returner;
  HttpServer server({.port = 0, .threads = 1, .memory = &memory}, returner);
  const auto port = server.start();
  ASSERT_TRUE(port);
  const std::string body(4u << 20, 'x');
  const auto claimed = [&] { return memory.claimed_bytes(MemoryGovernor::Use::kBodies); };
  bool is_counted = false;
  // On a machine that is late the memory may be gone before the second body comes.
  for (int round = 0; round < 20 && !is_counted; ++round) {
    {
      RawClient client(*port);
      client.send(head_for(body) + body);
      EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 204 "));
    }
    RawClient stalling(*port);
    stalling.send(head_for(body) + body.substr(0, kSeenBytes));
    pause(50);
    // The rest of the room that was used before.
    is_counted = claimed() >= body.size();
    stalling.send(body.substr(kSeenBytes));
    EXPECT_TRUE(stalling.read_answer().starts_with("HTTP/1.1 204 "));
  }
  EXPECT_TRUE(is_counted);
  server.stop(0);
}

TEST_F(ConnectionBody, IsRefusedWhenItStalls) {
  RawClient client(serve({.body_timeout_ms = 50, .body_bytes_per_second_min = 1 << 20}));
  const std::string body = long_body();
  client.send(head_for(body) + body.substr(0, kSeenBytes));
  pause(20);
  client.send(body.substr(kSeenBytes, 1'000));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 408 "));
}

TEST_F(ConnectionBody, IsNotLateWhileBytesComeThatWokeNobody) {
  // One byte more than was seen at first gives it another second.
  RawClient client(
      serve({.body_timeout_ms = 100, .body_bytes_per_second_min = kSeenBytes + 1}));
  const std::string body = long_body();
  client.send(head_for(body) + body.substr(0, kSeenBytes));
  pause(20);
  client.send(body.substr(kSeenBytes, 60'000));
  pause(250);
  client.send(body.substr(kSeenBytes + 60'000));
  EXPECT_TRUE(has_body(client.read_answer(), body));
}

TEST_F(ConnectionBody, IsRefusedWhenItEndsEarly) {
  const std::string body = long_body();
  for (const size_t sent_bytes : {kSeenBytes, size_t{500'000}, body.size() - 1}) {
    RawClient client(serve({}));
    client.send(head_for(body) + body.substr(0, sent_bytes));
    client.end_sending();
    const auto answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  }
}

TEST_F(ConnectionBody, DoesNotOutliveItsClient) {
  const uint16_t port = serve({});
  const std::string body = long_body();
  {
    RawClient client(port);
    client.send(head_for(body) + body.substr(0, kSeenBytes));
    while (server_->connection_count() == 0) std::this_thread::yield();
    pause(20);
  }
  while (server_->connection_count() > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace varve
