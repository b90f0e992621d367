// SPDX-License-Identifier: Apache-2.0
// Sorts many texts that begin alike, as names of machines do: they differ in a few bytes behind
// that, so mostly one comparison of two numbers decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "query/influxql/execute/interrupt.h"

namespace varve::influxql {

/// What sort_texts() takes beside the texts, for each of them.
inline constexpr size_t kSortedTextBytes = 2 * 16 + sizeof(std::string_view);

/// Eight bytes of the text as a number that sorts as they do.
uint64_t leading_bytes(std::string_view text);
/// How many bytes both begin with.
size_t common_prefix(std::string_view a, std::string_view b);

/// By their bytes; in no order when it was interrupted. Requires fewer than 2^32 texts.
void sort_texts(std::vector<std::string_view>& texts, Interrupt& interrupt);

}  // namespace varve::influxql
