// SPDX-License-Identifier: Apache-2.0
// The page: up to 8,192 cells of one column as the fewest bytes that decode fast, bit for bit.
//
//   cells ──▶ states, unless all hold a value
//         └─▶ values ──▶ scaled to integers, or numbered by a dictionary ──▶ integers.h
//
// The encoder tries a bounded number of forms on samples; its bytes do not depend on the processor.
// The decoder trusts nothing it reads. Bytes: docs/formats/page.md. Threads: pure, safe anywhere.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/column_vector.h"

namespace varve::engine {

inline constexpr size_t kPageRowsMax = 8192;
/// The bytes of all distinct texts of a page together stay below it.
inline constexpr size_t kPageTextBytesMax = size_t{256} << 20;

/// Requires 1 to kPageRowsMax cells, and texts below kPageTextBytesMax.
std::string encode_page(const ColumnView& cells);

/// A page of cells that nobody wrote: of every type and any number of rows.
std::string absent_page();
/// Whether encode_page() found no cell that somebody wrote.
bool is_absent_page(std::string_view page);

/// kCorrupt when the bytes are not a page of `row_count` cells of that type.
Result<ColumnVector> decode_page(std::string_view bytes, ValueType type, size_t row_count);

}  // namespace varve::engine
