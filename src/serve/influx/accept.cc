// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/accept.h"

#include <array>
#include <optional>

namespace varve::influx {
namespace {

constexpr auto kForms = std::to_array<AnswerForm>({
    {ResultFormat::kJson, "application/json"},
    {ResultFormat::kCsv, "application/csv"},
    {ResultFormat::kCsv, "text/csv"},
    {ResultFormat::kMsgpack, "application/x-msgpack"},
});

bool matches(std::string_view wanted, std::string_view type) {
  if (wanted == "*/*" || equals_ignoring_case(wanted, type)) return true;
  if (!wanted.ends_with("/*")) return false;
  const auto family = wanted.substr(0, wanted.size() - 1);
  return type.size() >= family.size() &&
         equals_ignoring_case(family, type.substr(0, family.size()));
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<AnswerForm> first_match(std::string_view list) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto entry = list.substr(0, comma);
    const auto wanted = trim(entry.substr(0, entry.find(';')));
    for (const auto& form : kForms) {
      if (!wanted.empty() && matches(wanted, form.content_type)) return form;
    }
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return std::nullopt;
}

}  // namespace

AnswerForm choose_form(const HttpHeaders& headers) {
  for (const auto list : headers.find_all("accept")) {
    if (const auto form = first_match(list)) return *form;
  }
  return kForms.front();
}

AnswerForm choose_form(const HttpRequest& request) {
  AnswerForm form = choose_form(request.headers);
  form.is_pretty = request.parameters.get("pretty") == "true";
  return form;
}

}  // namespace varve::influx
