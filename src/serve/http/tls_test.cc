// SPDX-License-Identifier: Apache-2.0
// The server over TLS, against our own client and against bytes that are no TLS.
#include "serve/http/tls.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/thread.h"
#include "io/temporary_folder.h"
#include "serve/http/certificate_for_test.h"
#include "serve/http/client.h"
#include "serve/http/raw_client_for_test.h"
#include "serve/http/server.h"

namespace varve {
namespace {

/// Echoes bodies; "/stream" comes in a thousand pieces, "/wait" when the client has gone away.
class Door final : public HttpHandler {
 public:
  void handle(HttpRequest request, Responder responder) override {
    if (request.path == "/stream") {
      return run([responder] {
        auto stream = responder.begin({});
        for (int i = 0; i < 1'000; ++i) {
          if (!stream->write(std::string(100, static_cast<char>('a' + i % 26)))) return;
        }
        EXPECT_TRUE(stream->finish());
      });
    }
    if (request.path == "/wait") {
      return run([responder, this] {
        const auto gone = responder.cancelled();
        {
          const std::lock_guard lock(mutex_);
          waiting_ = true;
        }
        changed_.notify_all();
        while (!gone->load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        responder.send({.status = 204});
        {
          const std::lock_guard lock(mutex_);
          waiting_ = false;
        }
        changed_.notify_all();
      });
    }
    if (request.path == "/slow") {
      return run([responder] {
        // Makes the connection watch its client, and then go on with it.
        EXPECT_FALSE(responder.cancelled()->load());
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        responder.send({.body = "slow"});
      });
    }
    responder.send({.body = request.method + " " + request.path + " " + request.body});
  }
  HttpResponse refuse(const HttpRequest&, int status, std::string_view why) override {
    return {.status = status, .headers = {}, .body = "refused: " + std::string(why)};
  }
  void wait_until_asked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_; });
  }
  void wait_until_done() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !waiting_; });
  }

 private:
  void run(std::function<void()> work) { threads_.emplace_back("work", std::move(work)); }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;  // Under the mutex.
  std::vector<Thread> threads_;  // One connection asks at a time.
};

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() { write_certificate(files_.certificate_path, files_.key_path, 1); }

  void start(HttpServerOptions options = {}) {
    options.port = 0;
    options.threads = 1;
    options.tls = files_;
    server_ = std::make_unique<HttpServer>(options, door_);
    const auto port = server_->start();
    ASSERT_TRUE(port) << port.error().message;
    port_ = *port;
  }
  HttpAddress address() const { return {.host = "127.0.0.1", .port = port_, .tls = true}; }
  HttpClient client() const { return HttpClient(address(), {.ca_path = files_.certificate_path}); }

  TemporaryFolder folder_;
  TlsFiles files_{folder_.file("cert.pem"), folder_.file("key.pem")};
  Door door_;
  std::unique_ptr<HttpServer> server_;
  uint16_t port_ = 0;
};

TEST_F(TlsTest, SpeaksHttpOverTls) {
  start();
  auto one = client();
  const auto says = [&](HttpQuestion question, std::string_view body) {
    const auto answer = one.ask(question);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, body);
  };
  says({.target = "/a"}, "GET /a ");
  says({.method = "POST", .target = "/b", .body = "body"}, "POST /b body");
  const std::string large(3'000'000, 'x');
  says({.method = "POST", .target = "/c", .body = large}, "POST /c " + large);
  std::string streamed;
  for (int i = 0; i < 1'000; ++i) streamed += std::string(100, static_cast<char>('a' + i % 26));
  says({.target = "/stream"}, streamed);
  says({.target = "/slow"}, "slow");
  says({.target = "/d"}, "GET /d ");
  says({.target = "/slow"}, "slow");
  says({.target = "/slow"}, "slow");
  says({.target = "/e", .headers = {{"Connection", "close"}}}, "GET /e ");
  says({.target = "/f"}, "GET /f ");
}

TEST_F(TlsTest, IsTrustedByItsCertificateOnly) {
  start();
  const auto fails = [](HttpClient client) {
    const auto answer = client.ask({});
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().message.starts_with("no TLS with 127.0.0.1")) <<
        answer.error().message;
  };
  fails(HttpClient(address()));
  TlsFiles other{folder_.file("other.pem"), folder_.file("other_key.pem")};
  write_certificate(other.certificate_path, other.key_path, 2);
  fails(HttpClient(address(), {.ca_path = other.certificate_path}));
  EXPECT_TRUE(HttpClient(address(), {.insecure = true}).ask({}));
}

TEST_F(TlsTest, TellsPlainHttpThatThisIsHttps) {
  start();
  RawClient plain(port_);
  plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string answer = plain.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("refused: this port speaks HTTPS and not HTTP: use https://"))
      << answer;
}

TEST_F(TlsTest, ClosesWhatIsNoTls) {
  start({.header_timeout_ms = 100});
  for (const std::string& bytes :
       {std::string(1'000, '\0'), std::string("\x16\x03\x01\xff\xff" "truncated", 14),
        std::string("\x15\x03\x03\x00\x02\x02\x28", 7), std::string("\x80\x2e\x01\x00\x02", 5)}) {
    RawClient raw(port_);
    ASSERT_TRUE(raw.send(bytes));
    raw.read_all();
  }
  RawClient silent(port_);
  EXPECT_EQ(silent.read_all(), "") << "a handshake has its time";
  EXPECT_TRUE(client().ask({}));
}

TEST_F(TlsTest, NoticesAClientThatGoesAway) {
  start();
  for (const bool takes_leave : {true, false}) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_quiet_shutdown(context, takes_leave ? 0 : 1);
    BIO* bio = BIO_new_ssl_connect(context);
    BIO_set_conn_hostname(bio, ("127.0.0.1:" + std::to_string(port_)).c_str());
    constexpr std::string_view kQuestion = "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n";
    ASSERT_EQ(BIO_write(bio, kQuestion.data(), kQuestion.size()), int(kQuestion.size()));
    door_.wait_until_asked();
    BIO_free_all(bio);
    SSL_CTX_free(context);
    door_.wait_until_done();
  }
}

TEST_F(TlsTest, TakesNewFilesForNewConnections) {
  start();
  auto old = client();
  EXPECT_TRUE(old.ask({}));
  const TlsFiles before{folder_.file("before.pem"), ""};
  std::filesystem::copy(files_.certificate_path, before.certificate_path);
  write_certificate(files_.certificate_path, files_.key_path, 2);
  ASSERT_TRUE(server_->reload_tls());
  EXPECT_TRUE(old.ask({})) << "a connection that stands goes on";
  EXPECT_TRUE(client().ask({}));
  EXPECT_FALSE(HttpClient(address(), {.ca_path = before.certificate_path}).ask({}));
  std::ofstream(files_.key_path) << "nonsense";
  EXPECT_FALSE(server_->reload_tls());
  EXPECT_TRUE(client().ask({})) << "what was good stays";
}

TEST_F(TlsTest, NamesTheFileThatIsWrong) {
  const auto refuses = [](const TlsFiles& files, const std::string& message) {
    const auto loaded = load_tls(files);
    ASSERT_FALSE(loaded) << message;
    EXPECT_EQ(loaded.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(loaded.error().message, message);
  };
  const std::string& certificate = files_.certificate_path;
  const std::string& key = files_.key_path;
  const std::string nowhere = folder_.file("nowhere.pem");
  refuses({"", key}, "server.tls_cert_path is empty, and TLS needs it");
  refuses({nowhere, key}, "server.tls_cert_path " + nowhere + ": No such file or directory");
  refuses({certificate, nowhere}, "server.tls_key_path " + nowhere + ": No such file or directory");
  refuses({folder_.path(), key}, "server.tls_cert_path " + folder_.path() + ": Is a directory");
  const std::string empty = folder_.file("empty.pem");
  std::ofstream(empty).flush();
  refuses({empty, key}, "server.tls_cert_path " + empty + ": the file is empty");
  refuses({key, key}, "server.tls_cert_path " + key + ": the file holds no PEM certificate");
  refuses({certificate, certificate},
          "server.tls_key_path " + certificate +
              ": the file holds no PEM private key without a passphrase");
  const std::string other_key = folder_.file("other_key.pem");
  write_certificate(folder_.file("other.pem"), other_key, 2);
  refuses({certificate, other_key}, "server.tls_key_path " + other_key +
                                        ": the key does not belong to the certificate of " +
                                        certificate);
}

}  // namespace
}  // namespace varve
