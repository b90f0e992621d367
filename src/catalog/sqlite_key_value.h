// SPDX-License-Identifier: Apache-2.0
// The catalog's store on one machine: one SQLite file.
//
// A commit is durable when it returns (write-ahead journal, synchronous=FULL). While the file is
// open, `<path>-wal` stands beside it and belongs to it; a clean close folds it in. One process at
// a time: a second one waits a few seconds, then is refused with kIo.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "catalog/key_value.h"

namespace varve {

/// Opens the file, making it when missing (its folder must exist). kCorrupt when the file is no
/// catalog; kIo, kNoSpace; every message names the file.
Result<std::unique_ptr<KeyValue>> open_sqlite_key_value(const std::string& path);

/// Opens a file that exists and that nobody else uses, to look at it: nothing of it is changed,
/// also not when it is closed; put(), remove() and a commit() of changes fail. kNotFound when there
/// is none.
Result<std::unique_ptr<KeyValue>> open_sqlite_key_value_to_read(const std::string& path);

}  // namespace varve
