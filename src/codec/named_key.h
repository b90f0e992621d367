// SPDX-License-Identifier: Apache-2.0
// Raw keys of points that come with plain names, not as lines: the table and the sorted tags, each
// with its length before it, behind a mark that begins no key of the line protocol.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "codec/text_arena.h"
#include "model/points.h"

namespace varve::named_key {

using Tag = std::pair<std::string_view, std::string_view>;

/// A key in the arena. Requires tags sorted by name, no name twice, no empty text. kInvalidInput
/// when it is longer than a key of the line protocol may be.
Result<std::string_view> make(std::string_view table, const std::vector<Tag>& tags,
                              TextArena& arena);

/// Takes such a key apart.
PointKey parse(std::string_view raw_key);

}  // namespace varve::named_key
