// SPDX-License-Identifier: Apache-2.0
#include "auth/credentials.h"

#include <algorithm>
#include <cctype>

#include "auth/base64.h"

namespace varve::auth {
namespace {

constexpr std::string_view kBasic = "basic ";

bool is_basic(std::string_view header) {
  return header.size() >= kBasic.size() &&
         std::equal(kBasic.begin(), kBasic.end(), header.begin(), [](char wanted, char given) {
           return wanted == std::tolower(static_cast<unsigned char>(given));
         });
}

Credentials user_and_password(std::string_view pair) {
  const auto colon = pair.find(':');
  if (colon == std::string_view::npos) return {};
  return {.kind = Credentials::Kind::kPassword,
          .user = std::string(pair.substr(0, colon)),
          .password = std::string(pair.substr(colon + 1))};
}

}  // namespace

Credentials parse_authorization(std::string_view header) {
  const auto space = header.find(' ');
  const bool two_words =
      space != std::string_view::npos && header.find(' ', space + 1) == std::string_view::npos;
  if (two_words) {
    const auto scheme = header.substr(0, space);
    const auto rest = header.substr(space + 1);
    if (scheme == "Bearer") {
      return {.kind = Credentials::Kind::kBearer, .token = std::string(rest)};
    }
    if (scheme == "Token") return user_and_password(rest);
  }
  if (!is_basic(header)) return {};
  const auto decoded = base64_decode(header.substr(kBasic.size()), Base64::kStandard);
  return decoded ? user_and_password(*decoded) : Credentials{};
}

}  // namespace varve::auth
