// SPDX-License-Identifier: Apache-2.0
#include "io/posix_error.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace varve {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::kNotFound;
    case EEXIST: return ErrorCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT: return ErrorCode::kNoSpace;
    default: return ErrorCode::kIo;
  }
}

}  // namespace

Error posix_error(std::string_view what, std::string_view path, int error_number) {
  std::string message = "cannot ";
  message += what;
  message += ' ';
  message += path;
  message += ": ";
  message += std::generic_category().message(error_number);
  return {code_of(error_number), std::move(message)};
}

}  // namespace varve
