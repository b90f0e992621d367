// SPDX-License-Identifier: Apache-2.0
#include "serve/http/form.h"

#include "serve/http/message.h"

namespace varve {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The value of `name` in `form-data; name="q"; filename="x"`, quotes removed.
std::optional<std::string> header_parameter(std::string_view header, std::string_view name) {
  size_t at = header.find(';');
  while (at != std::string_view::npos && at < header.size()) {
    const auto rest = header.substr(at + 1);
    const auto equals = rest.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto found = trim(rest.substr(0, equals));
    std::string value;
    size_t end = equals + 1;
    if (end < rest.size() && rest[end] == '"') {
      for (++end; end < rest.size() && rest[end] != '"'; ++end) {
        if (rest[end] == '\\' && end + 1 < rest.size()) ++end;
        value += rest[end];
      }
    } else {
      const auto stop = rest.find(';', end);
      value = trim(rest.substr(end, stop == std::string_view::npos ? stop : stop - end));
    }
    if (equals_ignoring_case(found, name)) return value;
    const auto next = rest.find(';', end);
    if (next == std::string_view::npos) return std::nullopt;
    at += 1 + next;
  }
  return std::nullopt;
}

/// The name of a part, from the lines above its empty line.
std::optional<std::string> part_name(std::string_view head) {
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head = end == std::string_view::npos ? std::string_view{} : head.substr(end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (!equals_ignoring_case(line.substr(0, colon), "content-disposition")) continue;
    return header_parameter(line.substr(colon + 1), "name");
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> FormFields::find(std::string_view name) const {
  for (const auto& [field_name, value] : fields_) {
    if (field_name == name) return value;
  }
  return std::nullopt;
}

std::string_view FormFields::get(std::string_view name) const { return find(name).value_or(""); }

std::optional<std::string> percent_decode(std::string_view text, PlusSign plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == PlusSign::kIsSpace) {
      decoded += ' ';
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

FormFields parse_form(std::string_view text) {
  FormFields fields;
  while (!text.empty() && fields.size() < kFormFieldsMax) {
    const auto end = text.find('&');
    const auto pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), PlusSign::kIsSpace);
    auto value = equals == std::string_view::npos
                     ? std::string()
                     : percent_decode(pair.substr(equals + 1), PlusSign::kIsSpace);
    if (name && value) fields.add(std::move(*name), std::move(*value));
  }
  return fields;
}

FormFields parse_multipart(std::string_view content_type, std::string_view body) {
  FormFields fields;
  const auto boundary = header_parameter(content_type, "boundary");
  if (!boundary || boundary->empty()) return fields;
  const std::string delimiter = "\r\n--" + *boundary;
  size_t at = delimiter.size() - 2;
  // The first delimiter may stand at the very beginning, without a line end before it.
  if (!body.starts_with(std::string_view(delimiter).substr(2))) {
    const auto found = body.find(delimiter);
    if (found == std::string_view::npos) return fields;
    at = found + delimiter.size();
  }
  while (fields.size() < kFormFieldsMax) {
    const auto rest = body.substr(at);
    if (!rest.starts_with("\r\n")) return fields;  // "--" ends the body; the rest is damage.
    const auto end = rest.find(delimiter);
    if (end == std::string_view::npos) return fields;
    const auto part = rest.substr(2, end < 2 ? 0 : end - 2);
    const auto blank = part.find("\r\n\r\n");
    if (blank != std::string_view::npos) {
      if (auto name = part_name(part.substr(0, blank))) {
        fields.add(std::move(*name), std::string(part.substr(blank + 4)));
      }
    }
    at += end + delimiter.size();
  }
  return fields;
}

}  // namespace varve
