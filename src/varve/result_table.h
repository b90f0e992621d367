// SPDX-License-Identifier: Apache-2.0
// An answer of /query, drawn for a person.
//
//   cpu  host=a
//    time                 │ mean
//   ──────────────────────┼──────
//    2026-01-02T03:04:05Z │ 12.5
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace varve {

struct DrawnAnswer {
  std::string text;                   ///< Tables, with an empty line between two.
  std::vector<std::string> messages;  ///< Warnings beside the answer.
  std::vector<std::string> errors;    ///< Of statements, or of the whole request.
};

/// Takes the JSON document of an answer. kInvalidInput when it is none.
Result<DrawnAnswer> draw_answer(std::string_view json);

/// Columns that a terminal needs for the text, taking each code point for one.
size_t display_width(std::string_view text);

}  // namespace varve
