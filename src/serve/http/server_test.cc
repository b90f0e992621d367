// SPDX-License-Identifier: Apache-2.0
#include "serve/http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "serve/http/raw_client_for_test.h"
#include "serve/http/worker_pool.h"

namespace varve {
namespace {

/// Answers with what it was asked, or does what the test says.
class Echo final : public HttpHandler {
 public:
  using Function = std::function<void(HttpRequest, Responder)>;
  explicit Echo(Function function = nullptr) : function_(std::move(function)) {}

  void handle(HttpRequest request, Responder responder) override {
    if (function_) return function_(std::move(request), std::move(responder));
    std::string text = request.method + " " + request.path;
    for (const auto& [name, value] : request.parameters.fields()) text += " " + name + "=" + value;
    if (!request.body.empty()) text += " body=" + request.body;
    responder.send({.status = 200, .headers = {{"X-Door", "echo"}}, .body = text});
  }
  HttpResponse refuse(const HttpRequest&, int status, std::string_view why) override {
    return {.status = status, .headers = {}, .body = "refused: " + std::string(why)};
  }

 private:
  Function function_;
};

/// A server on any free port with limits small enough to meet.
class Running {
 public:
  explicit Running(HttpServerOptions options = {}, Echo::Function function = nullptr)
      : echo_(std::move(function)), server_(adjust(std::move(options)), echo_) {
    const auto port = server_.start();
    EXPECT_TRUE(port) << port.error().message;
    port_ = port.value_or(0);
  }
  uint16_t port() const { return port_; }
  HttpServer& server() { return server_; }

 private:
  static HttpServerOptions adjust(HttpServerOptions options) {
    options.port = 0;
    options.threads = 2;
    return options;
  }
  Echo echo_;
  HttpServer server_;
  uint16_t port_ = 0;
};

std::string body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == std::string::npos ? "" : answer.substr(at + 4);
}

std::string ask(uint16_t port, std::string_view request) {
  RawClient client(port);
  client.send(request);
  return client.read_answer();
}

TEST(HttpServer, AnswersARequestWithItsHeadersAndLength) {
  Running running;
  const auto answer = ask(running.port(), "GET /a%20b?x=1&y=a+b%26 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("X-Door: echo\r\n"), std::string::npos);
  EXPECT_NE(answer.find("\r\nDate: "), std::string::npos);
  EXPECT_EQ(body_of(answer), "GET /a b x=1 y=a b&");
}

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  // The first answer comes last: it is sent from another thread, after a while.
  std::vector<std::thread> threads;
  std::mutex mutex;
  Running running({}, [&](HttpRequest request, Responder responder) {
    if (request.path != "/slow") return responder.send({.body = request.path});
    const std::lock_guard lock(mutex);
    threads.emplace_back([responder] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      responder.send({.body = "slow"});
    });
  });
  RawClient client(running.port());
  client.send(
      "GET /slow HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyz"
      "GET /c HTTP/1.1\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "slow");
  EXPECT_EQ(body_of(client.read_answer()), "/b");
  EXPECT_EQ(body_of(client.read_answer()), "/c");
  for (auto& thread : threads) thread.join();
}

TEST(HttpServer, KeepsHttp10ConnectionsOnlyOnRequest) {
  Running running;
  RawClient closing(running.port());
  closing.send("GET /a HTTP/1.0\r\n\r\n");
  const auto answer = closing.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.0 200")) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);

  RawClient keeping(running.port());
  keeping.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(keeping.read_answer().find("Connection: keep-alive"), std::string::npos);
  keeping.send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_EQ(body_of(keeping.read_all()), "GET /b");
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  Running running;
  RawClient client(running.port());
  client.send("HEAD /a HTTP/1.1\r\n\r\n");
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 7\r\n"), std::string::npos) << head;
  client.send("GET /b HTTP/1.1\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "GET /b");
}

TEST(HttpServer, SaysContinueToThoseWhoWaitForIt) {
  Running running;
  RawClient client(running.port());
  client.send("POST /a HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_EQ(body_of(client.read_answer()), "POST /a body=hi");
}

TEST(HttpServer, ReadsChunkedBodies) {
  Running running;
  RawClient client(running.port());
  client.send("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.send("2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "POST /a body=abcde");
  EXPECT_EQ(body_of(client.read_answer()), "GET /b");
}

TEST(HttpServer, ReadsBodiesThatComeInPieces) {
  Running running({}, [](HttpRequest request, Responder responder) {
    responder.send({.body = std::to_string(request.body.size())});
  });
  RawClient client(running.port());
  const std::string piece(100'000, 'x');
  client.send("POST /a HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
  for (int i = 0; i < 10; ++i) client.send(piece);
  EXPECT_EQ(body_of(client.read_answer()), "1000000");
}

TEST(HttpServer, RefusesWhatItCannotRead) {
  Running running({.header_bytes_max = 1'000, .body_bytes_max = 100});
  const auto refuses = [&](std::string_view request, std::string_view status) {
    RawClient client(running.port());
    client.send(request);
    const auto answer = client.read_all();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(status))) << request << "\n" << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
    EXPECT_NE(answer.find("refused: "), std::string::npos) << answer;
  };
  refuses("nonsense\r\n\r\n", "400 ");
  refuses("GET /%zz HTTP/1.1\r\n\r\n", "400 ");
  refuses("GET / HTTP/1.1\r\nno colon\r\n\r\n", "400 ");
  refuses("POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", "400 ");
  refuses("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400 ");
  refuses("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", "400 ");
  refuses("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n", "400 ");
  refuses("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", "400 ");
  refuses("GET / HTTP/1.1\r\nLong: " + std::string(2'000, 'x') + "\r\n\r\n", "431 ");
  refuses("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", "413 ");
  refuses("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n", "413 ");
  refuses("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'x') +
              "\r\n0\r\n\r\n",
          "413 ");
}

TEST(HttpServer, LetsARefusedClientFinishSendingAndReadWhy) {
  Running running({.body_bytes_max = 100});
  RawClient client(running.port());
  client.send("POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n");
  EXPECT_TRUE(client.send(std::string(5'000'000, 'x')));
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 413 "));
}

TEST(HttpServer, RefusesABodyThatEndsEarly) {
  Running running;
  RawClient client(running.port());
  client.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  client.end_sending();
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 400 "));
}

TEST(HttpServer, ClosesSlowClients) {
  Running running({.idle_timeout_ms = 40, .header_timeout_ms = 40, .body_timeout_ms = 40});
  RawClient idle(running.port());
  EXPECT_EQ(idle.read_all(), "");
  RawClient half_head(running.port());
  half_head.send("GET / HT");
  EXPECT_TRUE(half_head.read_all().starts_with("HTTP/1.1 408 "));
  RawClient half_body(running.port());
  half_body.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(half_body.read_all().starts_with("HTTP/1.1 408 "));
  RawClient half_chunk(running.port());
  half_chunk.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc");
  EXPECT_TRUE(half_chunk.read_all().starts_with("HTTP/1.1 408 "));
}

TEST(HttpServer, ClosesClientsThatDoNotReadTheirAnswer) {
  Running running({.write_timeout_ms = 50}, [](HttpRequest, Responder responder) {
    responder.send({.body = std::string(64u << 20, 'x')});
  });
  RawClient client(running.port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  while (running.server().connection_count() > 0) std::this_thread::yield();
  EXPECT_LT(client.read_all().size(), 64u << 20);
}

TEST(HttpServer, RefusesMoreConnectionsThanAllowed) {
  Running running({.connections_max = 2});
  RawClient first(running.port());
  RawClient second(running.port());
  first.send("GET /1 HTTP/1.1\r\n\r\n");
  second.send("GET /2 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(body_of(first.read_answer()), "GET /1");
  EXPECT_EQ(body_of(second.read_answer()), "GET /2");
  RawClient third(running.port());
  EXPECT_TRUE(third.read_all().starts_with("HTTP/1.1 503 "));
}

TEST(HttpServer, BoundsTheBodiesInMemory) {
  Running running({.body_bytes_max = 1'000'000, .bodies_bytes_max = 300'000});
  RawClient client(running.port());
  client.send("POST / HTTP/1.1\r\nContent-Length: 900000\r\n\r\n");
  client.send(std::string(900'000, 'x'));
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(body_of(ask(running.port(), "POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")),
            "POST /a body=hi");
}

TEST(HttpServer, StreamsAnswersInChunks) {
  WorkerPool pool("worker", 1, 10);
  Running running({}, [&](HttpRequest, Responder responder) {
    pool.try_submit([responder] {
      const auto stream = responder.begin({.headers = {{"X-Kind", "stream"}}});
      EXPECT_TRUE(stream->write("hello "));
      EXPECT_TRUE(stream->write(std::string(300'000, 'x')));
      EXPECT_TRUE(stream->finish());
    });
  });
  RawClient client(running.port());
  for (int round = 0; round < 2; ++round) {
    client.send("GET / HTTP/1.1\r\n\r\n");
    const auto head = client.read_until("\r\n\r\n");
    EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << head;
    size_t total = 0;
    for (;;) {
      const auto size = std::stoul(client.read_until("\r\n"), nullptr, 16);
      total += size;
      const auto chunk = client.read_until("\r\n");
      EXPECT_EQ(chunk.size(), size + 2);
      if (size == 0) break;
    }
    EXPECT_EQ(total, 300'006u);
  }
  RawClient old(running.port());
  old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto answer = old.read_all();
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_EQ(body_of(answer).size(), 300'006u);
  running.server().stop(1'000);
  pool.stop();
}

TEST(HttpServer, TellsAStreamThatItsClientWentAway) {
  std::atomic<bool> refused = false;
  std::atomic<bool> flagged = false;
  WorkerPool pool("worker", 1, 10);
  Running running({}, [&](HttpRequest, Responder responder) {
    pool.try_submit([&, responder] {
      const auto cancelled = responder.cancelled();
      const auto stream = responder.begin({});
      const std::string piece(100'000, 'x');
      while (stream->write(piece)) {
      }
      refused = true;
      flagged = cancelled->load();
    });
  });
  {
    RawClient client(running.port());
    client.send("GET / HTTP/1.1\r\n\r\n");
    client.read_until("xxx");
  }
  while (!refused) std::this_thread::yield();
  pool.stop();
  EXPECT_TRUE(refused);
  EXPECT_TRUE(flagged);
}

TEST(HttpServer, EndsACancelledStreamWhoseClientTakesNothing) {
  std::promise<std::shared_ptr<std::atomic<bool>>> begun;
  std::promise<ErrorCode> ended;
  WorkerPool pool("worker", 1, 10);
  Running running({}, [&](HttpRequest, Responder responder) {
    pool.try_submit([&, responder] {
      const auto stream = responder.begin({});
      begun.set_value(responder.cancelled());
      const std::string piece(100'000, 'x');
      for (;;) {
        const auto written = stream->write(piece);
        if (!written) return ended.set_value(written.error().code);
      }
    });
  });
  RawClient client(running.port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  begun.get_future().get()->store(true);
  EXPECT_EQ(ended.get_future().get(), ErrorCode::kCancelled);
  pool.stop();
}

TEST(HttpServer, FlagsAClientThatLeavesBeforeItsAnswer) {
  std::atomic<bool> flagged = false;
  WorkerPool pool("worker", 1, 10);
  Running running({}, [&](HttpRequest, Responder responder) {
    pool.try_submit([&, responder] {
      const auto cancelled = responder.cancelled();
      while (!cancelled->load()) std::this_thread::yield();
      flagged = true;
    });
  });
  {
    RawClient client(running.port());
    client.send("GET / HTTP/1.1\r\n\r\n");
  }
  while (!flagged) std::this_thread::yield();
  pool.stop();
}

TEST(HttpServer, BreaksTheConnectionWhenAStreamEndsEarly) {
  WorkerPool pool("worker", 1, 10);
  Running running({}, [&](HttpRequest, Responder responder) {
    pool.try_submit([responder] { EXPECT_TRUE(responder.begin({})->write("part")); });
  });
  RawClient client(running.port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.read_all().find("0\r\n\r\n"), std::string::npos);
  pool.stop();
}

TEST(HttpServer, AnswersForAHandlerThatForgot) {
  Running running({}, [](HttpRequest, Responder) {});
  EXPECT_TRUE(ask(running.port(), "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 500 "));
}

TEST(HttpServer, KeepsLineEndsOutOfHeaders) {
  Running running({}, [](HttpRequest, Responder responder) {
    responder.send({.headers = {{"X-Error", "a\r\nSet-Cookie: b"}}});
  });
  EXPECT_NE(ask(running.port(), "GET / HTTP/1.1\r\n\r\n").find("X-Error: a  Set-Cookie: b\r\n"),
            std::string::npos);
}

TEST(HttpServer, FinishesRequestsInFlightWhenItStops) {
  std::mutex mutex;
  std::condition_variable changed;
  bool asked = false;
  std::vector<Responder> waiting;
  Running running({}, [&](HttpRequest, Responder responder) {
    const std::lock_guard lock(mutex);
    waiting.push_back(responder);
    asked = true;
    changed.notify_all();
  });
  RawClient idle(running.port());
  RawClient busy(running.port());
  busy.send("GET / HTTP/1.1\r\n\r\n");
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return asked; });
  }
  std::thread answerer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    waiting.front().send({.body = "late"});
    waiting.clear();
  });
  EXPECT_TRUE(running.server().stop(10'000));
  answerer.join();
  EXPECT_EQ(idle.read_all(), "");
  const auto answer = busy.read_all();
  EXPECT_EQ(body_of(answer), "late");
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_FALSE(RawClient(running.port()).connected());
}

TEST(HttpServer, CutsOffWhatDoesNotEndInTime) {
  std::vector<Responder> waiting;
  std::atomic<bool> asked = false;
  Running running({}, [&](HttpRequest, Responder responder) {
    waiting.push_back(responder);
    asked = true;
  });
  RawClient busy(running.port());
  busy.send("GET / HTTP/1.1\r\n\r\n");
  while (!asked) std::this_thread::yield();
  EXPECT_FALSE(running.server().stop(50));
  EXPECT_EQ(busy.read_all(), "");
  waiting.clear();
}

TEST(HttpServer, IgnoresAnswersThatComeAfterItsEnd) {
  std::vector<Responder> waiting;
  std::atomic<int> asked = 0;
  {
    Running running({}, [&](HttpRequest, Responder responder) {
      waiting.push_back(responder);
      ++asked;
    });
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 3; ++i) {
      clients.push_back(std::make_unique<RawClient>(running.port()));
      clients.back()->send("GET / HTTP/1.1\r\n\r\n");
      while (asked <= i) std::this_thread::yield();
    }
  }
  waiting[0].send({.body = "late"});
  EXPECT_FALSE(waiting[1].begin({})->write("late"));
  EXPECT_TRUE(waiting[2].cancelled()->load());
  waiting.clear();
}

TEST(HttpServer, SaysWhichAddressIsTaken) {
  Running running;
  Echo echo;
  HttpServer second({.port = running.port(), .threads = 1}, echo);
  const auto port = second.start();
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().message, "cannot listen on 127.0.0.1:" + std::to_string(running.port()) +
                                      ": Address already in use");
}

TEST(HttpServer, ServesManyClientsAtOnce) {
  Running running;
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      RawClient client(running.port());
      for (int i = 0; i < 200; ++i) {
        const auto path = "/" + std::to_string(t) + "/" + std::to_string(i);
        client.send("POST " + path + " HTTP/1.1\r\nContent-Length: 1\r\n\r\nb");
        if (body_of(client.read_answer()) == "POST " + path + " body=b") ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 1'600);
}

TEST(WorkerPool, RefusesWorkBeyondItsQueue) {
  std::mutex gate;
  gate.lock();
  std::atomic<int> done = 0;
  WorkerPool pool("worker", 1, 2);
  ASSERT_TRUE(pool.try_submit([&] {
    const std::lock_guard lock(gate);
    ++done;
  }));
  while (pool.running() == 0) std::this_thread::yield();
  EXPECT_TRUE(pool.try_submit([&] { ++done; }));
  EXPECT_TRUE(pool.try_submit([&] { ++done; }));
  EXPECT_FALSE(pool.try_submit([&] { ++done; }));
  gate.unlock();
  pool.stop();
  EXPECT_EQ(done, 3);
}

}  // namespace
}  // namespace varve
