// SPDX-License-Identifier: Apache-2.0
#include "auth/json_web_token.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "auth/base64.h"
#include "auth/digest.h"

namespace varve::auth {
namespace {

using nlohmann::json;

constexpr size_t kTokenBytesMax = 64 * 1024;

tl::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::kUnauthenticated, std::move(why));
}

/// The JSON object of one part of the token.
Result<json> read_part(std::string_view part, const std::string& name) {
  const auto bytes = base64_decode(part, Base64::kUrl);
  if (!bytes) return refuse("token is malformed: failed to decode token " + name);
  json members = json::parse(*bytes, nullptr, /*allow_exceptions=*/false);
  if (members.is_discarded() || !members.is_object()) {
    return refuse("token is malformed: failed to unmarshal token " + name);
  }
  return members;
}

/// A number of seconds; nothing when it is missing or no number.
std::optional<double> seconds_of(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

Result<HashFunction> function_of(const json& header) {
  const auto found = header.find("alg");
  if (found == header.end() || !found->is_string()) {
    return refuse("token is unverifiable: signing method (alg) is unspecified.");
  }
  const auto& name = found->get_ref<const std::string&>();
  if (name == "HS256") return HashFunction::kSha256;
  if (name == "HS384") return HashFunction::kSha384;
  if (name == "HS512") return HashFunction::kSha512;
  return refuse("token is unverifiable: unexpected signing method");
}

Result<void> check_times(const json& claims, int64_t now_seconds) {
  const auto now = static_cast<double>(now_seconds);
  const auto expiration = seconds_of(claims, "exp");
  if (expiration && now >= *expiration) return refuse("token is expired");
  const auto begin = seconds_of(claims, "nbf");
  if (begin && now < *begin) return refuse("token is not valid yet");
  if (!expiration || *expiration <= 0) return refuse("token expiration required");
  return {};
}

}  // namespace

Result<std::string> verify_json_web_token(std::string_view token, std::string_view secret,
                                          int64_t now_seconds) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (token.size() > kTokenBytesMax || second == std::string_view::npos ||
      token.find('.', second + 1) != std::string_view::npos) {
    return refuse("token is malformed: token contains an invalid number of segments");
  }
  const json header = TRY(read_part(token.substr(0, first), "header"));
  const json claims = TRY(read_part(token.substr(first + 1, second - first - 1), "claims"));
  const HashFunction function = TRY(function_of(header));
  const auto signature = base64_decode(token.substr(second + 1), Base64::kUrl);
  if (!signature ||
      !equals_in_constant_time(*signature, hmac(function, secret, token.substr(0, second)))) {
    return refuse("token signature is invalid");
  }
  TRY_VOID(check_times(claims, now_seconds));
  const auto name = claims.find("username");
  if (name == claims.end() || !name->is_string()) {
    return refuse("username in token must be a string");
  }
  if (name->get_ref<const std::string&>().empty()) {
    return refuse("token must contain a username");
  }
  return name->get<std::string>();
}

}  // namespace varve::auth
