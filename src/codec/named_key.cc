// SPDX-License-Identifier: Apache-2.0
#include "codec/named_key.h"

#include "base/bytes.h"
#include "base/check.h"
#include "codec/line/key.h"

namespace varve::named_key {
namespace {

/// No line has a newline in its key, and no list of points a table without a name.
constexpr std::string_view kMark("\0\n", 2);

}  // namespace

Result<std::string_view> make(std::string_view table, const std::vector<Tag>& tags,
                              TextArena& arena) {
  std::string text(kMark);
  ByteWriter out(text);
  out.string(table);
  for (const auto& [name, value] : tags) {
    out.string(name);
    out.string(value);
  }
  if (text.size() > line_protocol::kKeyBytesMax) {
    return fail(ErrorCode::kInvalidInput, "max key length exceeded: " +
                                              std::to_string(text.size()) + " > " +
                                              std::to_string(line_protocol::kKeyBytesMax));
  }
  char* const room = arena.allocate(text.size());
  text.copy(room, text.size());
  return std::string_view(room, text.size());
}

PointKey parse(std::string_view raw_key) {
  CHECK(raw_key.starts_with(kMark));
  ByteReader in(raw_key.substr(kMark.size()));
  PointKey key;
  key.table = in.string();
  while (!in.at_end()) {
    const auto name = in.string();
    key.tags.emplace_back(name, in.string());
  }
  CHECK(!in.failed());
  return key;
}

}  // namespace varve::named_key
