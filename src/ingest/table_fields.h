// SPDX-License-Identifier: Apache-2.0
// The field columns of a table by name: where each typed variant stands.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "catalog/snapshot.h"
#include "model/ids.h"
#include "model/value.h"

namespace varve {

/// Threads: one owner, or many readers.
class TableFields {
 public:
  /// The columns of one field name, by ValueType.
  class Variants {
   public:
    /// ColumnId{} when there is no such variant.
    ColumnId column(ValueType type) const { return columns_[static_cast<size_t>(type)]; }
    void set(ValueType type, ColumnId column) { columns_[static_cast<size_t>(type)] = column; }

   private:
    std::array<ColumnId, 8> columns_{};
  };

  /// Adds the columns that it does not know yet. Requires a form of the same table.
  void extend(const Table& table);
  /// Null when the table has no field of that name. Valid until the next extend().
  const Variants* find(std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };

  std::unordered_map<std::string, Variants, Hash, std::equal_to<>> by_name_;
  size_t column_count_ = 0;
};

}  // namespace varve
