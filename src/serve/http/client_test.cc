// SPDX-License-Identifier: Apache-2.0
#include "serve/http/client.h"

#include <gtest/gtest.h>

#include "serve/http/server.h"
#include "serve/http/worker_pool.h"

namespace varve {
namespace {

class Echo final : public HttpHandler {
 public:
  void handle(HttpRequest request, Responder responder) override {
    if (request.path == "/stream") {
      pool_.try_submit([responder] {
        const auto stream = responder.begin({});
        for (int i = 0; i < 100; ++i) {
          if (!stream->write(std::string(10'000, 'a'))) return;
        }
        static_cast<void>(stream->finish());
      });
      return;
    }
    responder.send({.status = request.path == "/missing" ? 404 : 200,
                    .body = request.method + " " + request.path + " " + request.body});
  }
  HttpResponse refuse(const HttpRequest&, int status, std::string_view) override {
    return {.status = status};
  }

 private:
  WorkerPool pool_{"worker", 1, 10};
};

class HttpClientTest : public ::testing::Test {
 protected:
  Echo echo_;
  HttpServer server_{{.port = 0, .threads = 1}, echo_};
  uint16_t port_ = server_.start().value_or(0);
  HttpClient client_{{"127.0.0.1", port_}};
};

TEST_F(HttpClientTest, AsksSeveralQuestionsOverOneConnection) {
  for (int i = 0; i < 3; ++i) {
    const auto answer = client_.ask({.method = "POST", .target = "/a?b=c", .body = "hi"});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "POST /a hi");
  }
  EXPECT_EQ(server_.connection_count(), 1u);
  const auto head = client_.ask({.method = "HEAD", .target = "/a"});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(head->headers.find("content-length"), "8");
  EXPECT_EQ(client_.ask({.target = "/missing"})->status, 404);
}

TEST_F(HttpClientTest, HandsOutAStreamAsItComes) {
  size_t size = 0;
  size_t pieces = 0;
  const auto answer =
      client_.ask({.target = "/stream"}, [&](std::string_view piece) -> Result<void> {
        size += piece.size();
        ++pieces;
        return {};
      });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(size, 1'000'000u);
  EXPECT_GT(pieces, 1u);
  const auto refused = client_.ask({.target = "/stream"}, [](std::string_view) -> Result<void> {
    return fail(ErrorCode::kIo, "disk full");
  });
  EXPECT_EQ(refused.error().message, "disk full");
  EXPECT_EQ(client_.ask({.target = "/b"})->body, "GET /b ");
}

TEST_F(HttpClientTest, SaysThatNobodyAnswers) {
  server_.stop(0);
  const auto answer = client_.ask({});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message,
            "nothing answers at 127.0.0.1:" + std::to_string(port_) + ": Connection refused");
}

TEST(HttpAddress, IsReadFromWhatPeopleWrite) {
  const auto reads = [](std::string_view text, std::string_view host, int port) {
    const auto address = parse_http_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->host, host);
    EXPECT_EQ(address->port, port);
  };
  reads("localhost", "localhost", 8086);
  reads("127.0.0.1:80", "127.0.0.1", 80);
  reads("http://db.example:9/", "db.example", 9);
  reads("[::1]:8087", "::1", 8087);
  reads("[::1]", "::1", 8086);
  for (const auto* text : {"", ":1", "a:", "a:b", "a:99999", "[::1", "[::1]x", "a/b"}) {
    EXPECT_FALSE(parse_http_address(text)) << text;
  }
}

}  // namespace
}  // namespace varve
