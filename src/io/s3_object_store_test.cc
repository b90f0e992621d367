// SPDX-License-Identifier: Apache-2.0
// Against a service made of a few lines, whose answers and faults a test chooses. Real services are
// asked by tests/object_store.
#include "io/s3_object_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <thread>

#include "base/thread.h"
#include "io/simulated_file_system.h"

namespace varve {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

enum class Fault : uint8_t { kNone, kClose, kCutAnswer, kSilence };

struct Reply {
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers;
  Fault fault = Fault::kNone;
};

// Each connection has a thread.
class FakeService {
 public:
  using Answer = std::function<Reply(const Request&)>;

  explicit FakeService(Answer answer) : answer_(std::move(answer)) {
    accepting_ = Thread("accept", [this] {
      while (true) {
        tcp::socket socket(context_);
        boost::system::error_code error;
        acceptor_.accept(socket, error);
        if (error || stopping_) return;
        const MutexLock lock(mutex_);
        connections_.emplace_back("serve", [this, held = std::move(socket)]() mutable {
          serve(held);
        });
      }
    });
  }
  ~FakeService() {
    stopping_ = true;
    boost::system::error_code ignored;
    tcp::socket(context_).connect(acceptor_.local_endpoint(), ignored);
    accepting_.join();
  }
  std::string endpoint() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  int requests() const { return requests_; }

 private:
  void serve(tcp::socket& socket) {
    boost::beast::flat_buffer buffer;
    while (!stopping_) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(boost::none);
      boost::system::error_code error;
      socket.non_blocking(false, error);
      http::read(socket, buffer, parser, error);
      if (error) return;
      ++requests_;
      const Reply reply = answer_(parser.get());
      if (reply.fault == Fault::kClose) return;
      if (reply.fault == Fault::kSilence) {
        while (!stopping_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return;
      }
      std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " x\r\n";
      for (const auto& [name, value] : reply.headers) text += name + ": " + value + "\r\n";
      if (!reply.headers.contains("content-length")) {
        text += "content-length: " + std::to_string(reply.body.size()) + "\r\n";
      }
      text += "\r\n" + reply.body;
      if (reply.fault == Fault::kCutAnswer) text.resize(text.size() / 2);
      asio::write(socket, asio::buffer(text), error);
      if (error || reply.fault == Fault::kCutAnswer) return;
    }
  }

  const Answer answer_;
  asio::io_context context_;
  tcp::acceptor acceptor_{context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::atomic<bool> stopping_{false};
  std::atomic<int> requests_{0};
  Mutex mutex_;
  std::vector<Thread> connections_ GUARDED_BY(mutex_);
  Thread accepting_;
};

class S3ObjectStoreTest : public testing::Test {
 protected:
  std::unique_ptr<S3ObjectStore> open(const FakeService& service, int64_t retry_total_ms = 5'000) {
    S3Options options;
    options.endpoint = service.endpoint();
    options.bucket = "b";
    options.prefix = "p";
    options.credentials = {.access_key = "a", .secret_key = "s", .session_token = ""};
    options.stall_timeout_ms = 200;
    options.retry_total_ms = retry_total_ms;
    options.backoff_first_ms = 1;
    options.backoff_max_ms = 10;
    options.part_bytes = 1'000;
    return S3ObjectStore::make(options, SystemClock::instance(), random_).value();
  }
  SeededRandom random_{1};
};

std::string error_document(const std::string& code) {
  return "<Error><Code>" + code + "</Code><Message>m</Message></Error>";
}

// Keeps what it is sent, as S3 would.
class Shelf {
 public:
  Reply operator()(const Request& request) {
    const MutexLock lock(mutex_);
    const std::string target(request.target());
    const std::string path = target.substr(0, target.find('?'));
    const bool has_query = target.find('?') != std::string::npos;
    const auto body = request.body();
    if (request.method() == http::verb::post && target.ends_with("?uploads=")) {
      return {.status = 200, .body = "<R><UploadId>u1</UploadId></R>"};
    }
    if (request.method() == http::verb::post) {
      std::string whole;
      for (const auto& [number, part] : parts_) whole += part;
      objects_[path] = whole;
      return {.status = 200, .body = "<R><ETag>t</ETag></R>"};
    }
    if (request.method() == http::verb::put && has_query) {
      const auto begin = target.find("partNumber=") + 11;
      parts_[std::stoi(target.substr(begin))] = body;
      return {.status = 200, .body = "", .headers = {{"ETag", "\"t\""}}};
    }
    if (request.method() == http::verb::put) {
      if (request["if-none-match"] == "*" && objects_.contains(path)) {
        return {.status = 412, .body = error_document("PreconditionFailed")};
      }
      objects_[path] = body;
      return {};
    }
    if (request.method() == http::verb::delete_) {
      objects_.erase(path);
      return {.status = 204};
    }
    const auto found = objects_.find(path);
    const bool is_head = request.method() == http::verb::head;
    if (found == objects_.end()) {
      return {.status = 404, .body = is_head ? "" : error_document("NoSuchKey")};
    }
    if (is_head) {
      return {.status = 200, .body = "",
              .headers = {{"content-length", std::to_string(found->second.size())}}};
    }
    return range_of(found->second, std::string(request["range"]));
  }

 private:
  static Reply range_of(const std::string& bytes, const std::string& range) {
    const auto dash = range.find('-');
    const size_t begin = std::stoull(range.substr(6, dash - 6));
    const size_t end = std::stoull(range.substr(dash + 1));
    if (begin >= bytes.size()) return {.status = 416, .body = error_document("InvalidRange")};
    return {.status = 206,
            .body = bytes.substr(begin, end - begin + 1),
            .headers = {{"content-range", "bytes " + std::to_string(begin) + "-x/x"}}};
  }

  Mutex mutex_;
  std::map<std::string, std::string> objects_;
  std::map<int, std::string> parts_;
};

TEST_F(S3ObjectStoreTest, PutsGetsAndRemovesObjects) {
  Shelf shelf;
  FakeService service([&](const Request& request) { return shelf(request); });
  const auto store = open(service);
  EXPECT_EQ(store->url("x"), "s3://b/p/x");
  EXPECT_EQ(store->get("x", 0, 5).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->size_bytes("x").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(store->put("x", "0123456789"));
  EXPECT_EQ(*store->size_bytes("x"), 10u);
  EXPECT_EQ(*store->get("x", 3, 4), "3456");
  EXPECT_EQ(*store->get("x", 8, 100), "89");
  EXPECT_EQ(*store->get("x", 10, 100), "");
  EXPECT_EQ(*store->put_if_absent("x", "other"), false);
  EXPECT_EQ(*store->put_if_absent("y", "first"), true);
  EXPECT_TRUE(store->remove("x"));
  EXPECT_EQ(store->size_bytes("x").error().code, ErrorCode::kNotFound);
}

TEST_F(S3ObjectStoreTest, SendsLargeFilesInParts) {
  Shelf shelf;
  FakeService service([&](const Request& request) { return shelf(request); });
  const auto store = open(service);
  SimulatedFileSystem files;
  std::string bytes;
  for (int i = 0; i < 12'345; ++i) bytes += static_cast<char>('a' + i % 26);
  ASSERT_TRUE(write_file_atomically(files, "/f", bytes));
  const auto file = files.open("/f", FileSystem::OpenMode::kRead).value();
  ASSERT_TRUE(store->put_file("large", *file));
  EXPECT_EQ(*read_object(*store, "large"), bytes);
  EXPECT_EQ(*get_in_parallel(*store, "large", 100, 9'000, 1'000, 4), bytes.substr(100, 9'000));
  EXPECT_EQ(*get_in_parallel(*store, "large", 0, 50'000, 1'000, 4), bytes);
}

TEST_F(S3ObjectStoreTest, TriesAgainWhatMayPass) {
  for (const Fault fault : {Fault::kNone, Fault::kClose, Fault::kCutAnswer, Fault::kSilence}) {
    std::atomic<int> faults{3};
    Shelf shelf;
    FakeService service([&](const Request& request) -> Reply {
      if (faults-- > 0) return {.status = 503, .body = error_document("SlowDown"), .fault = fault};
      return shelf(request);
    });
    const auto store = open(service);
    EXPECT_TRUE(store->put("x", "bytes")) << static_cast<int>(fault);
    EXPECT_GE(service.requests(), 4);
    EXPECT_EQ(*store->get("x", 0, 10), "bytes");
  }
}

TEST_F(S3ObjectStoreTest, SaysWhichObjectAndWhatTheServiceSaidWhenItGivesUp) {
  FakeService service([](const Request&) -> Reply {
    return {.status = 503, .body = error_document("SlowDown")};
  });
  const auto failed = open(service, 100)->put("x", "bytes");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kIo);
  for (const char* fact : {"PUT s3://b/p/x", "503 SlowDown: m", "tried"}) {
    EXPECT_NE(failed.error().message.find(fact), std::string::npos) << failed.error().message;
  }
}

TEST_F(S3ObjectStoreTest, DoesNotTryAgainWhatStaysWrong) {
  FakeService service([](const Request& request) -> Reply {
    if (request.method() == http::verb::put) {
      return {.status = 403, .body = error_document("AccessDenied")};
    }
    return {.status = 404, .body = error_document("NoSuchBucket")};
  });
  const auto store = open(service);
  EXPECT_EQ(store->put("x", "").error().code, ErrorCode::kForbidden);
  // Not the object's fault.
  EXPECT_EQ(store->get("x", 0, 1).error().code, ErrorCode::kIo);
  EXPECT_EQ(service.requests(), 2);
}

TEST_F(S3ObjectStoreTest, NeverTakesAStrangeAnswerForBytes) {
  std::atomic<int> round{0};
  FakeService service([&](const Request&) -> Reply {
    switch (round++) {
      case 0: return {.status = 206, .body = "x", .headers = {{"content-range", "bytes 9-9/10"}}};
      case 1: return {.status = 206, .body = "too much",
                      .headers = {{"content-range", "bytes 0-7/8"}}};
      default: return {.status = 301, .body = "<html>elsewhere</html>"};
    }
  });
  const auto store = open(service);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(store->get("x", 0, 2).error().code, ErrorCode::kIo) << i;
  }
}

TEST_F(S3ObjectStoreTest, TakesNoLongerThanItsTotalAndLessWhenTheProcessEnds) {
  FakeService service([](const Request&) -> Reply { return {.fault = Fault::kClose}; });
  const auto store = open(service, 60'000);
  const auto begun = std::chrono::steady_clock::now();
  Thread waiting("waits", [&] { EXPECT_FALSE(store->put("x", "")); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  store->hurry();
  waiting.join();
  const int requests = service.requests();
  EXPECT_FALSE(store->get("y", 0, 1));
  EXPECT_EQ(service.requests(), requests);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
}

TEST_F(S3ObjectStoreTest, RefusesOptionsThatCannotWork) {
  const auto refuses = [&](const S3Options& options, std::string_view word) {
    const auto made = S3ObjectStore::make(options, SystemClock::instance(), random_);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(made.error().message.find(word), std::string::npos) << made.error().message;
  };
  refuses({.bucket = ""}, "bucket");
  refuses({.bucket = "a/b"}, "bucket");
  refuses({.bucket = "b", .prefix = "/x"}, "prefix");
  refuses({.bucket = "b", .prefix = "a b"}, "prefix");
  refuses({.endpoint = "s3.example.com", .bucket = "b"}, "http://");
  refuses({.endpoint = "https://s3.example.com/path", .bucket = "b"}, "https://");
  refuses({.bucket = "b", .ca_file = "/nowhere.pem"}, "/nowhere.pem");
}

}  // namespace
}  // namespace varve
