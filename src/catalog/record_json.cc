// SPDX-License-Identifier: Apache-2.0
#include "catalog/record_json.h"

#include <charconv>

#include "catalog/names.h"

namespace varve::record {
namespace {

constexpr char kFormat = '1';

void append_hex(std::string& out, std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char byte : bytes) {
    out += kDigits[static_cast<uint8_t>(byte) >> 4];
    out += kDigits[static_cast<uint8_t>(byte) & 15];
  }
}

}  // namespace

void append_text(std::string& out, std::string_view text) {
  if (!is_utf8(text)) {
    out += "{\"hex\":\"";
    append_hex(out, text);
    out += "\"}";
    return;
  }
  out += '"';
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += byte;
    } else if (static_cast<uint8_t>(byte) < 0x20) {
      out += "\\u00";
      append_hex(out, std::string_view(&byte, 1));
    } else {
      out += byte;
    }
  }
  out += '"';
}

std::string object(std::string_view members) {
  std::string out(1, kFormat);
  out += '{';
  out += members;
  out += '}';
  return out;
}

tl::unexpected<Error> Record::corrupt(std::string_view what) const {
  return fail(ErrorCode::kCorrupt,
              "catalog entry makes no sense: " + std::string(key_) + ": " + std::string(what));
}

Result<std::vector<uint32_t>> Record::ids(std::string_view prefix, size_t id_count) const {
  std::vector<uint32_t> found;
  if (!key_.starts_with(prefix)) return corrupt("unknown key");
  const char* next = key_.data() + prefix.size();
  const char* const end = key_.data() + key_.size();
  while (found.size() < id_count) {
    if (!found.empty() && (next == end || *next++ != '/')) return corrupt("unknown key");
    uint32_t id = 0;
    const auto [stopped, error] = std::from_chars(next, end, id);
    if (error != std::errc() || id == 0) return corrupt("unknown key");
    found.push_back(id);
    next = stopped;
  }
  if (next != end) return corrupt("unknown key");
  return found;
}

Result<json> Record::parse(std::string_view value) const {
  if (value.empty()) return corrupt("empty value");
  if (value.front() != kFormat) {
    return fail(ErrorCode::kUnsupported, "catalog entry has format " + std::string(1, value[0]) +
                                             ", this version reads 1: " + std::string(key_));
  }
  value.remove_prefix(1);
  json root = json::parse(value, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return corrupt("not JSON");
  if (!root.is_object()) return corrupt("no JSON object");
  return root;
}

Result<std::string> Record::text(const json& element) const {
  if (element.is_string()) return element.get<std::string>();
  if (!element.is_object() || !element.contains("hex") || !element["hex"].is_string()) {
    return corrupt("no text");
  }
  const auto& plain = element["hex"].get_ref<const std::string&>();
  std::string bytes;
  for (size_t i = 0; i + 1 < plain.size(); i += 2) {
    uint8_t byte = 0;
    const auto [end, error] = std::from_chars(&plain[i], &plain[i] + 2, byte, 16);
    if (error != std::errc() || end != &plain[i] + 2) return corrupt("no hexadecimal text");
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

Result<std::string> Record::text(const json& members, std::string_view name) const {
  const auto found = members.find(name);
  if (found == members.end()) return missing(name);
  return text(*found);
}

Result<int64_t> Record::number(const json& members, std::string_view name, int64_t min,
                               int64_t max) const {
  const auto member = members.find(name);
  if (member == members.end() || !member->is_number_integer()) return missing(name);
  if (member->is_number_unsigned() && member->get<uint64_t>() > uint64_t{INT64_MAX}) {
    return corrupt(std::string(name) + " is out of range");
  }
  const auto found = member->get<int64_t>();
  if (found < min || found > max) return corrupt(std::string(name) + " is out of range");
  return found;
}

tl::unexpected<Error> Record::missing(std::string_view name) const {
  return corrupt("no " + std::string(name));
}

Result<bool> Record::flag(const json& members, std::string_view name) const {
  const auto member = members.find(name);
  if (member == members.end()) return false;
  if (!member->is_boolean()) return corrupt(std::string(name) + " is neither true nor false");
  return member->get<bool>();
}

Result<json> Record::list(const json& members, std::string_view name) const {
  const auto member = members.find(name);
  if (member == members.end() || !member->is_array()) return missing(name);
  return *member;
}

}  // namespace varve::record
