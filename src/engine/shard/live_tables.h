// SPDX-License-Identifier: Apache-2.0
// The tables that the catalog still knows; the rows of all others are dead.
#pragma once

#include <set>
#include <span>

#include "model/ids.h"

namespace varve::engine {

class LiveTables {
 public:
  /// `is_open`: the list may lack some, so none is dead. Nor are those that were not given.
  LiveTables(std::span<const TableId> named, bool is_open, TableId given_below)
      : named_(named.begin(), named.end()), is_open_(is_open), given_below_(given_below) {}

  bool contains(TableId table) const {
    return is_open_ || table >= given_below_ || named_.contains(table);
  }
  bool is_open() const { return is_open_; }

 private:
  std::set<TableId> named_;
  bool is_open_;
  TableId given_below_;
};

}  // namespace varve::engine
