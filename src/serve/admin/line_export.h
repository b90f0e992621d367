// SPDX-License-Identifier: Apache-2.0
// What a server holds, as a text that `influx -import` and `varve import` read:
//
//   # DDL
//   CREATE DATABASE plant WITH REPLICATION 1 SHARD DURATION 168h0m0s NAME autogen
//   # DML
//   # CONTEXT-DATABASE:plant
//   # CONTEXT-RETENTION-POLICY:autogen
//   cpu,host=a usage=1.5 1577836800000000000
//   …
//   # EXPORTED rows=1 left_out=0
//
// Rows come segment by segment, in each by series and time, straight from a scan: what is held does
// not grow with what is exported. Each segment is as it is when its scan begins.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "catalog/catalog.h"
#include "codec/byte_sink.h"
#include "model/time_range.h"
#include "store/store.h"

namespace varve::admin {

struct ExportQuestion {
  std::string database;  ///< Empty: all of them.
  std::string policy;    ///< Empty: all of them.
  std::string table;     ///< Empty: all of them.
  TimeRange range;
};

/// The last line of an export: a text that lacks it is not whole.
struct ExportFigures {
  uint64_t rows = 0;
  /// Cells that no line can say: NaN, or of a key with a newline.
  uint64_t cells_left_out = 0;
};

struct ExportParts {
  const Catalog& catalog;
  Store& store;
  const std::atomic<bool>& stopping;  ///< Ends the work.
};

/// Writes the text. kNotFound, before anything is written, names what is not there. kCancelled when
/// `gone` is set or the parts are stopping; errors of the store and of the sink.
Result<ExportFigures> export_lines(const ExportParts& parts, const ExportQuestion& question,
                                   const CancelFlag& gone, ByteSink& out);

}  // namespace varve::admin
