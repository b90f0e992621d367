// SPDX-License-Identifier: Apache-2.0
// How many files and sockets the process may hold.
#pragma once

#include <cstdint>

namespace varve {

/// Raises the soft limit of open files to the hard one, since each sorted file and each connection
/// holds one and many systems begin with 1,024. Gives the limit in force. Never fails: where it
/// cannot be raised it stays.
uint64_t raise_file_limit();

}  // namespace varve
