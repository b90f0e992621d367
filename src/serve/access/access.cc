// SPDX-License-Identifier: Apache-2.0
#include "serve/access/access.h"

#include <memory>
#include <utility>

namespace varve {
namespace {

/// Both are there and say something.
auth::Credentials in_fields(const FormFields& fields) {
  const auto user = fields.get("u");
  const auto password = fields.get("p");
  if (user.empty() || password.empty()) return {};
  return {.kind = auth::Credentials::Kind::kPassword,
          .user = std::string(user),
          .password = std::string(password)};
}

}  // namespace

auth::Credentials credentials_of(const HttpRequest& request, const AccessOptions& options) {
  using Kind = auth::Credentials::Kind;
  if (options.allow_parameters) {
    auto given = in_fields(request.parameters);
    if (given.kind != Kind::kNone) return given;
  }
  const auto header = request.headers.find("authorization");
  if (header && !header->empty()) return auth::parse_authorization(*header);
  return options.allow_parameters ? in_fields(form_of(request)) : auth::Credentials{};
}

void Access::identify(HttpRequest request, Then then) const {
  if (!authenticator_.is_enabled()) return then(std::move(request), auth::Identity::unasked());
  auto credentials = credentials_of(request, options_);
  // Shared, as a std::function wants to be copied.
  auto kept = std::make_shared<HttpRequest>(std::move(request));
  authenticator_.identify(std::move(credentials),
                          [kept, then = std::move(then)](Result<auth::Identity> who) {
                            then(std::move(*kept), std::move(who));
                          });
}

}  // namespace varve
