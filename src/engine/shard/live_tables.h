// SPDX-License-Identifier: Apache-2.0
// The tables that the catalog still knows; the rows of all others are dead.
#pragma once

#include <set>
#include <span>

#include "model/ids.h"

namespace varve::engine {

class LiveTables {
 public:
  /// `is_open`: the list may lack some, so none is dead.
  LiveTables(std::span<const TableId> named, bool is_open)
      : named_(named.begin(), named.end()), is_open_(is_open) {}

  bool contains(TableId table) const { return is_open_ || named_.contains(table); }
  bool is_open() const { return is_open_; }

 private:
  std::set<TableId> named_;
  bool is_open_;
};

}  // namespace varve::engine
