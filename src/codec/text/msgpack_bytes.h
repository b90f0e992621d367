// SPDX-License-Identifier: Apache-2.0
// MessagePack values, appended to a string; each in its shortest form.
// Source: the MessagePack specification.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace varve::msgpack {

void append_nil(std::string& out);
void append_bool(std::string& out, bool value);
void append_u64(std::string& out, uint64_t value);
void append_i64(std::string& out, int64_t value);
void append_f64(std::string& out, double value);
void append_string(std::string& out, std::string_view text);
void append_array(std::string& out, uint32_t count);
void append_map(std::string& out, uint32_t count);
/// Type 5, 12 bytes.
void append_time(std::string& out, int64_t seconds, uint32_t ns);

/// An array whose count is not known yet: five bytes, set later by set_array_count() at the place
/// where they start.
void append_open_array(std::string& out);
void set_array_count(std::string& out, size_t begin, uint32_t count);

}  // namespace varve::msgpack
