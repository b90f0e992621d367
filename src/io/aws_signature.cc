// SPDX-License-Identifier: Apache-2.0
#include "io/aws_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "base/check.h"

namespace varve {
namespace {

constexpr size_t kDigestBytes = 32;
using Digest = std::array<unsigned char, kDigestBytes>;

std::string hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string_view as_text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest sha256(std::string_view bytes) {
  Digest digest{};
  unsigned int size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  CHECK(size == kDigestBytes);
  return digest;
}

Digest hmac(std::string_view key, std::string_view text) {
  Digest digest{};
  unsigned int size = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
             &size) != nullptr);
  return digest;
}

// "20130524T000000Z"
std::string time_text(int64_t now_ns) {
  const std::time_t seconds = now_ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), size};
}

std::string query_text(std::vector<std::pair<std::string, std::string>> query) {
  for (auto& [name, value] : query) {
    name = aws_encode(name, false);
    value = aws_encode(value, false);
  }
  std::ranges::sort(query);
  std::string text;
  for (const auto& [name, value] : query) {
    if (!text.empty()) text += '&';
    text += name + "=" + value;
  }
  return text;
}

}  // namespace

std::string aws_encode(std::string_view text, bool keeps_slash) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (is_plain || (c == '/' && keeps_slash)) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

AwsSigned sign_aws_request(AwsRequest request, const AwsCredentials& credentials,
                           std::string_view region, int64_t now_ns) {
  const std::string time = time_text(now_ns);
  const std::string day = time.substr(0, 8);
  const std::string body_hash = hex(sha256(request.body));
  auto& headers = request.headers;
  headers.emplace_back("x-amz-content-sha256", body_hash);
  headers.emplace_back("x-amz-date", time);
  if (!credentials.session_token.empty()) {
    headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  std::ranges::sort(headers);
  std::string header_lines;
  std::string names;
  for (const auto& [name, value] : headers) {
    header_lines += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string path = aws_encode(request.path, true);
  const std::string query = query_text(std::move(request.query));
  const std::string canonical = request.method + "\n" + path + "\n" + query + "\n" + header_lines +
                                "\n" + names + "\n" + body_hash;
  const std::string scope = day + "/" + std::string(region) + "/s3/aws4_request";
  const std::string to_sign =
      "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + hex(sha256(canonical));
  Digest key = hmac("AWS4" + credentials.secret_key, day);
  for (const std::string_view part : {region, std::string_view("s3"),
                                      std::string_view("aws4_request")}) {
    key = hmac(as_text(key), part);
  }
  headers.emplace_back("authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.access_key +
                                            "/" + scope + ",SignedHeaders=" + names +
                                            ",Signature=" + hex(hmac(as_text(key), to_sign)));
  return {.target = query.empty() ? path : path + "?" + query, .headers = std::move(headers)};
}

}  // namespace varve
