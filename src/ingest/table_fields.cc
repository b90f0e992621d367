// SPDX-License-Identifier: Apache-2.0
#include "ingest/table_fields.h"

#include <algorithm>

namespace varve {

void TableFields::extend(const Table& table) {
  for (size_t i = column_count_; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (column.kind == ColumnKind::kField) by_name_[column.name].set(column.type, column.id);
  }
  column_count_ = std::max(column_count_, table.columns.size());
}

const TableFields::Variants* TableFields::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

}  // namespace varve
