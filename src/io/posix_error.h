// SPDX-License-Identifier: Apache-2.0
// errno as an Error.
#pragma once

#include <string_view>

#include "base/result.h"

namespace varve {

/// "cannot <what> <path>: <the system's words>", with the code that FileSystem promises.
/// `error_number` is what errno was right after the call.
Error posix_error(std::string_view what, std::string_view path, int error_number);

}  // namespace varve
