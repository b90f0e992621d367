// SPDX-License-Identifier: Apache-2.0
#include "io/web_client.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <charconv>
#include <chrono>
#include <optional>

namespace varve {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using SystemError = boost::system::error_code;

namespace {

constexpr size_t kPieceBytes = 256 * 1024;

std::string place(const WebAddress& address) {
  return address.host + ":" + std::to_string(address.port);
}

std::string head_of(const WebRequest& request) {
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) {
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (!request.body.empty() || request.method == "PUT" || request.method == "POST") {
    head += "content-length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return head + "\r\n";
}

}  // namespace

std::string WebAddress::host_header() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

Result<WebAddress> parse_web_address(std::string_view text) {
  const auto refuse = [given = std::string(text)] {
    return fail(ErrorCode::kInvalidInput, "\"" + given + "\" is no address of a service; write it "
                                          "as http://host:port or https://host:port");
  };
  WebAddress address;
  if (text.starts_with("https://")) {
    address.tls = true;
    address.port = 443;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return refuse();
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return refuse();
    address.host = std::string(text.substr(1, end - 1));
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return refuse();
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    address.host = std::string(text.substr(0, colon));
    port = text.substr(colon);
  }
  const bool is_host = !address.host.empty() &&
                       address.host.find_first_of("/?#@ ") == std::string::npos;
  if (!is_host) return refuse();
  if (port.empty()) return address;
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || address.port == 0) {
    return refuse();
  }
  return address;
}

std::string WebResponse::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, [](const auto& field) {
    return std::string_view(field.first);
  });
  return found == headers.end() ? "" : found->second;
}

struct WebClient::Trust {
  asio::ssl::context context{asio::ssl::context::tls_client};
};

// One connection; a thread at a time. Each step is an asynchronous one that this thread waits for:
// only those obey Beast's timeouts.
class WebClient::Connection {
 public:
  explicit Connection(const WebClientOptions& options) : options_(options) {}

  Result<void> connect(Trust& trust) {
    const WebAddress& address = options_.address;
    SystemError error;
    tcp::resolver resolver(context_);
    const auto found = resolver.resolve(address.host, std::to_string(address.port), error);
    if (error) {
      return fail(ErrorCode::kIo, "cannot find " + address.host + ": " + error.message());
    }
    stream_.emplace(context_, trust.context);
    limit(options_.connect_timeout_ms);
    wait([&](auto done) {
      tcp_stream().async_connect(found, [done](SystemError failed, const tcp::endpoint&) {
        done(failed);
      });
    }, error);
    if (error == beast::error::timeout) {
      return fail(ErrorCode::kTimeout, "nothing answers at " + place(address) + " within " +
                                           std::to_string(options_.connect_timeout_ms) + " ms");
    }
    if (error) {
      return fail(ErrorCode::kIo,
                  "nothing answers at " + place(address) + ": " + error.message());
    }
    tcp_stream().socket().set_option(tcp::no_delay(true), error);
    return address.tls ? shake_hands() : Result<void>();
  }

  Result<void> send(const WebRequest& request) {
    const std::string head = head_of(request);
    TRY_VOID(send_bytes(head));
    for (std::string_view rest = request.body; !rest.empty();) {
      const std::string_view piece = rest.substr(0, kPieceBytes);
      TRY_VOID(send_bytes(piece));
      rest.remove_prefix(piece.size());
    }
    return {};
  }

  Result<WebResponse> receive(const WebRequest& request) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    parser.skip(request.method == "HEAD");
    while (!parser.is_done()) {
      SystemError error;
      limit(options_.stall_timeout_ms);
      with_stream([&](auto& stream) {
        wait([&](auto done) {
          http::async_read_some(stream, buffer_, parser,
                                [done](SystemError failed, size_t) { done(failed); });
        }, error);
      });
      if (error) return fail(lost(error));
      is_answered_ = true;
    }
    auto& message = parser.get();
    WebResponse response{.status = static_cast<int>(message.result_int()),
                         .headers = {},
                         .body = std::move(message.body())};
    for (const auto& field : message) {
      std::string name(field.name_string());
      std::ranges::transform(name, name.begin(), [](unsigned char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      });
      response.headers.emplace_back(std::move(name), std::string(field.value()));
    }
    is_reusable_ = message.keep_alive() && buffer_.size() == 0;
    return response;
  }

  /// Whether a byte of the last answer came.
  bool is_answered() const { return is_answered_; }
  bool is_reusable() const { return is_reusable_; }
  void begin_exchange() { is_answered_ = is_reusable_ = false; }

 private:
  using Stream = beast::ssl_stream<beast::tcp_stream>;

  beast::tcp_stream& tcp_stream() { return stream_->next_layer(); }
  void limit(int64_t timeout_ms) {
    tcp_stream().expires_after(std::chrono::milliseconds(timeout_ms));
  }
  template <class Use>
  void with_stream(Use use) {
    if (options_.address.tls) {
      use(*stream_);
    } else {
      use(tcp_stream());
    }
  }
  template <class Start>
  void wait(Start start, SystemError& outcome) {
    start([&outcome](SystemError failed) { outcome = failed; });
    context_.restart();
    context_.run();
  }

  Result<void> shake_hands() {
    const std::string& host = options_.address.host;
    SystemError error;
    // The name tells a service of many names which certificate is meant.
    if (SSL_set_tlsext_host_name(stream_->native_handle(), host.c_str()) != 1) {
      return fail(ErrorCode::kIo, host + " is no name for a TLS connection");
    }
    stream_->set_verify_callback(asio::ssl::host_name_verification(host));
    wait([&](auto done) {
      stream_->async_handshake(asio::ssl::stream_base::client,
                               [done](SystemError failed) { done(failed); });
    }, error);
    if (!error) return {};
    return fail(ErrorCode::kIo,
                "no TLS connection to " + place(options_.address) + ": " + error.message());
  }

  Result<void> send_bytes(std::string_view bytes) {
    SystemError error;
    limit(options_.stall_timeout_ms);
    with_stream([&](auto& stream) {
      wait([&](auto done) {
        asio::async_write(stream, asio::buffer(bytes.data(), bytes.size()),
                          [done](SystemError failed, size_t) { done(failed); });
      }, error);
    });
    if (error) return fail(lost(error));
    return {};
  }

  Error lost(const SystemError& error) const {
    if (error == beast::error::timeout) {
      return {ErrorCode::kTimeout, place(options_.address) + " was silent for " +
                                       std::to_string(options_.stall_timeout_ms) + " ms"};
    }
    return {ErrorCode::kIo,
            "lost the connection to " + place(options_.address) + ": " + error.message()};
  }

  const WebClientOptions& options_;  // Of the client.
  asio::io_context context_;
  std::optional<Stream> stream_;
  beast::flat_buffer buffer_;
  bool is_answered_ = false;
  bool is_reusable_ = false;
};

WebClient::WebClient(WebClientOptions options)
    : options_(std::move(options)), trust_(std::make_unique<Trust>()) {}

WebClient::~WebClient() = default;

Result<std::unique_ptr<WebClient>> WebClient::make(WebClientOptions options) {
  std::unique_ptr<WebClient> client(new WebClient(std::move(options)));
  auto& context = client->trust_->context;
  SystemError error;
  context.set_verify_mode(asio::ssl::verify_peer, error);
  if (client->options_.ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(client->options_.ca_file, error);
  }
  if (error) {
    return fail(ErrorCode::kInvalidInput, "cannot read certificates from " +
                                              client->options_.ca_file + ": " + error.message());
  }
  return client;
}

std::unique_ptr<WebClient::Connection> WebClient::take_idle() {
  const MutexLock lock(mutex_);
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

Result<WebResponse> WebClient::ask(const WebRequest& request) {
  auto connection = take_idle();
  while (true) {
    const bool is_kept = connection != nullptr;
    if (!is_kept) {
      connection = std::make_unique<Connection>(options_);
      TRY_VOID(connection->connect(*trust_));
    }
    connection->begin_exchange();
    const auto sent = connection->send(request);
    // What refuses a body early answers before it has all of it: that answer is wanted.
    auto response = sent || sent.error().code != ErrorCode::kTimeout
                        ? connection->receive(request)
                        : Result<WebResponse>(fail(sent.error()));
    if (!response) {
      // The service may have closed a kept connection meanwhile: another one tells.
      const bool was_stale = is_kept && !connection->is_answered() &&
                             response.error().code != ErrorCode::kTimeout;
      connection.reset();
      if (!was_stale) return sent ? response : fail(sent.error());
      continue;
    }
    if (sent && connection->is_reusable()) {
      const MutexLock lock(mutex_);
      if (idle_.size() < options_.idle_connections_max) idle_.push_back(std::move(connection));
    }
    return response;
  }
}

}  // namespace varve
