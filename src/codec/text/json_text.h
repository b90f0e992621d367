// SPDX-License-Identifier: Apache-2.0
// Strings of JSON, quoted and escaped as Go's encoding/json does: also < > & and the line
// separators U+2028 and U+2029; each byte that is not UTF-8 becomes U+FFFD.
#pragma once

#include <string>
#include <string_view>

#include "codec/text/output_buffer.h"

namespace varve {

/// Room that write_json_string() needs for a text of so many bytes, at most.
constexpr size_t json_string_bytes_max(size_t text_bytes) { return 6 * text_bytes + 2; }

/// Returns the end of the quoted text.
char* write_json_string(char* out, std::string_view text);

void append_json_string(std::string& out, std::string_view text);
void append_json_string(OutputBuffer& out, std::string_view text);

}  // namespace varve
