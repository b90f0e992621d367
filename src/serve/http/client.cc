// SPDX-License-Identifier: Apache-2.0
#include "serve/http/client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>
#include <optional>

namespace varve {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using tcp = asio::ip::tcp;
using SystemError = boost::system::error_code;

namespace {

constexpr size_t kReadBytes = 64 * 1024;

std::string address_text(const HttpAddress& address) {
  return address.host + ":" + std::to_string(address.port);
}

std::string request_text(const HttpAddress& address, const HttpQuestion& question,
                         const HttpHeaders& always) {
  std::string out = question.method + " " + question.target +
                    " HTTP/1.1\r\nHost: " + address_text(address) + "\r\nUser-Agent: varve\r\n";
  for (const HttpHeaders* headers : {&question.headers, &always}) {
    for (const auto& [name, value] : headers->fields()) {
      out.append(name).append(": ").append(value).append("\r\n");
    }
  }
  if (!question.body.empty() || question.method == "POST") {
    out += "Content-Length: " + std::to_string(question.body.size()) + "\r\n";
  }
  out += "\r\n";
  return out;
}

}  // namespace

Result<HttpAddress> parse_http_address(std::string_view text) {
  const std::string_view given = text;
  const auto refuse = [&] {
    return fail(ErrorCode::kInvalidInput,
                "\"" + std::string(given) + "\" is no address; write it as host:port");
  };
  HttpAddress address;
  if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else if (text.starts_with("https://")) {
    text.remove_prefix(8);
    address.tls = true;
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return refuse();
    address.host = std::string(text.substr(1, end - 1));
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return refuse();
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const auto colon = text.rfind(':');
    address.host = std::string(text.substr(0, colon));
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
    if (colon != std::string_view::npos && port.empty()) return refuse();
  }
  if (address.host.empty() || address.host.find('/') != std::string::npos) return refuse();
  if (port.empty()) return address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) return refuse();
  return address;
}

struct HttpClient::State {
  State(HttpAddress where, HttpTrust whom, HttpHeaders headers)
      : address(std::move(where)), trust(std::move(whom)), always(std::move(headers)) {}

  Result<void> connect();
  Result<void> shake_hands();
  Result<void> send(const HttpQuestion& question);
  Result<HttpResponse> receive(const HttpQuestion& question, const OnBody* on_body);
  Error lost(const SystemError& error) const {
    return {ErrorCode::kIo,
            "lost the connection to " + address_text(address) + ": " + error.message()};
  }
  void close() {
    SystemError ignored;
    socket.close(ignored);
    buffer.clear();
    tls.reset();
  }
  template <class Buffers>
  void write(const Buffers& buffers, SystemError& error) {
    if (tls) {
      asio::write(*tls, buffers, error);
    } else {
      asio::write(socket, buffers, error);
    }
  }
  template <class Buffers>
  size_t read_some(const Buffers& buffers, SystemError& error) {
    return tls ? tls->read_some(buffers, error) : socket.read_some(buffers, error);
  }

  HttpAddress address;
  HttpTrust trust;
  HttpHeaders always;
  asio::io_context context;
  tcp::socket socket{context};
  std::optional<asio::ssl::context> tls_context;
  std::optional<asio::ssl::stream<tcp::socket&>> tls;
  boost::beast::flat_buffer buffer;
};

Result<void> HttpClient::State::connect() {
  close();
  SystemError error;
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(address.host, std::to_string(address.port), error);
  if (error) {
    return fail(ErrorCode::kIo, "cannot find " + address.host + ": " + error.message());
  }
  asio::connect(socket, found, error);
  if (error) {
    return fail(ErrorCode::kIo,
                "nothing answers at " + address_text(address) + ": " + error.message());
  }
  socket.set_option(tcp::no_delay(true), error);
  if (!address.tls) return {};
  auto shaken = shake_hands();
  if (!shaken) close();
  return shaken;
}

Result<void> HttpClient::State::shake_hands() {
  SystemError error;
  if (!tls_context) {
    tls_context.emplace(asio::ssl::context::tls_client);
    if (trust.ca_path.empty()) {
      tls_context->set_default_verify_paths(error);
    } else {
      tls_context->load_verify_file(trust.ca_path, error);
    }
    if (error) {
      tls_context.reset();
      return fail(ErrorCode::kInvalidInput, "cannot read the certificates of " + trust.ca_path +
                                                ": " + error.message());
    }
  }
  tls.emplace(socket, *tls_context);
  if (!trust.insecure) {
    tls->set_verify_mode(asio::ssl::verify_peer, error);
    tls->set_verify_callback(asio::ssl::host_name_verification(address.host), error);
  }
  SSL_set_tlsext_host_name(tls->native_handle(), address.host.c_str());
  tls->handshake(asio::ssl::stream_base::client, error);
  if (!error) return {};
  return fail(ErrorCode::kIo, "no TLS with " + address_text(address) + ": " + error.message());
}

Result<void> HttpClient::State::send(const HttpQuestion& question) {
  const std::string head = request_text(address, question, always);
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(question.body)};
  SystemError error;
  write(buffers, error);
  if (error) return fail(lost(error));
  return {};
}

Result<HttpResponse> HttpClient::State::receive(const HttpQuestion& question,
                                                const OnBody* on_body) {
  beast_http::response_parser<beast_http::string_body> parser;
  parser.body_limit(boost::none);
  parser.eager(true);
  parser.skip(question.method == "HEAD");
  while (!parser.is_done()) {
    SystemError error;
    if (buffer.size() > 0) {
      buffer.consume(parser.put(buffer.data(), error));
      if (error == beast_http::error::need_more) error = {};
      if (error) {
        return fail(ErrorCode::kIo,
                    address_text(address) + " does not speak HTTP: " + error.message());
      }
      auto& body = parser.get().body();
      if (on_body && parser.is_header_done() && parser.get().result_int() == 200 && !body.empty()) {
        TRY_VOID((*on_body)(body));
        body.clear();
      }
      if (parser.is_done()) break;
    }
    const size_t size_bytes = read_some(buffer.prepare(kReadBytes), error);
    if ((error == asio::error::eof || error == asio::ssl::error::stream_truncated) &&
        parser.is_header_done() && parser.need_eof()) {
      parser.put_eof(error);
      break;
    }
    if (error) return fail(lost(error));
    buffer.commit(size_bytes);
  }
  auto& message = parser.get();
  HttpResponse response{.status = static_cast<int>(message.result_int())};
  for (const auto& field : message) {
    response.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  response.body = std::move(message.body());
  if (!message.keep_alive()) close();
  return response;
}

HttpClient::HttpClient(HttpAddress address, HttpTrust trust, HttpHeaders always)
    : state_(std::make_unique<State>(std::move(address), std::move(trust), std::move(always))) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

Result<HttpResponse> HttpClient::ask(const HttpQuestion& question) {
  return ask(question, nullptr);
}

Result<HttpResponse> HttpClient::ask(const HttpQuestion& question, const OnBody& on_body) {
  const bool reused = state_->socket.is_open();
  if (!reused) TRY_VOID(state_->connect());
  auto sent = state_->send(question);
  // A kept connection may have been closed meanwhile; what could not be sent was not received.
  if (!sent && reused) {
    TRY_VOID(state_->connect());
    sent = state_->send(question);
  }
  if (!sent) {
    state_->close();
    return fail(sent.error());
  }
  auto response = state_->receive(question, on_body ? &on_body : nullptr);
  if (!response) state_->close();
  return response;
}

}  // namespace varve
