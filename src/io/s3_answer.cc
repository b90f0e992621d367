// SPDX-License-Identifier: Apache-2.0
#include "io/s3_answer.h"

#include <array>
#include <charconv>
#include <utility>

namespace varve {
namespace {

constexpr size_t kComplaintBytesMax = 300;
constexpr auto kEntities = std::to_array<std::pair<std::string_view, char>>(
    {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}});

std::string resolved(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t taken = 1;
    char c = text.front();
    for (const auto& [entity, character] : kEntities) {
      if (!text.starts_with(entity)) continue;
      c = character;
      taken = entity.size();
    }
    // &#34; or &#x22; as some services write quotes.
    if (const auto end = text.find(';'); text.starts_with("&#") && end < 8) {
      const bool is_hex = text.size() > 2 && text[2] == 'x';
      const std::string_view digits = text.substr(is_hex ? 3 : 2, end - (is_hex ? 3 : 2));
      int number = 0;
      const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number,
                                          is_hex ? 16 : 10);
      if (parsed.ec == std::errc() && number > 0 && number < 128) {
        c = static_cast<char>(number);
        taken = end + 1;
      }
    }
    out += c;
    text.remove_prefix(taken);
  }
  return out;
}

// The bytes between the tags, and what follows; tags may have attributes.
struct Element {
  std::string_view inside;
  std::string_view rest;
};
std::optional<Element> find_element(std::string_view document, std::string_view name) {
  const std::string open = "<" + std::string(name);
  for (size_t at = document.find(open); at != std::string_view::npos;
       at = document.find(open, at + 1)) {
    const size_t end = document.find('>', at);
    if (end == std::string_view::npos) return std::nullopt;
    const char after = document[at + open.size()];
    if (after != '>' && after != ' ' && after != '/') continue;
    if (document[end - 1] == '/') return Element{{}, document.substr(end + 1)};
    const std::string close = "</" + std::string(name) + ">";
    const size_t close_at = document.find(close, end);
    if (close_at == std::string_view::npos) return std::nullopt;
    return Element{document.substr(end + 1, close_at - end - 1),
                   document.substr(close_at + close.size())};
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> xml_text(std::string_view document, std::string_view element) {
  const auto found = find_element(document, element);
  if (!found) return std::nullopt;
  return resolved(found->inside);
}

Result<S3Listing> parse_s3_listing(std::string_view document) {
  const auto result = find_element(document, "ListBucketResult");
  if (!result) return fail(ErrorCode::kIo, "the answer is no listing");
  S3Listing listing;
  std::string_view rest = result->inside;
  while (const auto contents = find_element(rest, "Contents")) {
    rest = contents->rest;
    const auto key = xml_text(contents->inside, "Key");
    const auto size = xml_text(contents->inside, "Size");
    ObjectInfo object;
    if (!key || !size) return fail(ErrorCode::kIo, "the listing has an object without Key or Size");
    object.name = *key;
    const auto parsed =
        std::from_chars(size->data(), size->data() + size->size(), object.size_bytes);
    if (parsed.ec != std::errc() || parsed.ptr != size->data() + size->size()) {
      return fail(ErrorCode::kIo, "the listing gives no size of " + *key);
    }
    listing.objects.push_back(std::move(object));
  }
  if (xml_text(result->inside, "IsTruncated").value_or("") == "true") {
    listing.next = xml_text(result->inside, "NextContinuationToken").value_or("");
    if (listing.next.empty()) return fail(ErrorCode::kIo, "the listing breaks off");
  }
  return listing;
}

std::string s3_complaint(std::string_view body) {
  const auto code = xml_text(body, "Code");
  if (!code) return "";
  return (*code + ": " + xml_text(body, "Message").value_or("")).substr(0, kComplaintBytesMax);
}

std::string xml_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    std::string_view piece(&c, 1);
    for (const auto& [entity, character] : kEntities) {
      if (character == c) piece = entity;
    }
    out += piece;
  }
  return out;
}

}  // namespace varve
