// SPDX-License-Identifier: Apache-2.0
// The text of one log line, apart from where it goes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/log.h"

namespace varve::log {

/// One line without its newline, as shown in base/log.h; always valid UTF-8 and never more than
/// one line, whatever the facts hold. `unix_ms` is milliseconds since 1970-01-01 UTC.
std::string format_line(Format format, Level level, std::string_view event,
                        std::initializer_list<Fact> facts, int64_t unix_ms);

}  // namespace varve::log
