// SPDX-License-Identifier: Apache-2.0
// Which cells of a column chunk say NULL. Parquet knows one kind of missing cell only: it has both
// a NULL and an absent cell as null, and this list behind the chunk tells them apart.
// Bytes: docs/formats/sst.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/column_vector.h"

namespace varve::engine {

/// Empty when no cell is NULL.
std::string encode_null_cells(const ColumnView& cells);

/// Makes absent cells NULL. kCorrupt when the list names a cell that is not there or has a value.
Result<void> apply_null_cells(std::string_view bytes, std::vector<CellState>& states);

}  // namespace varve::engine
