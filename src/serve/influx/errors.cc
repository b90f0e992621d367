// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/errors.h"

namespace varve::influx {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kAlreadyExists:
      return 409;
    case ErrorCode::kConflict:
      return 400;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kOverloaded:
      return 503;
    case ErrorCode::kNoSpace:
      return 507;
    case ErrorCode::kUnauthenticated:
      return 401;
    case ErrorCode::kForbidden:
      return 403;
    case ErrorCode::kUnsupported:
      return 501;
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kTimeout:
      return 408;
    case ErrorCode::kCorrupt:
    case ErrorCode::kIo:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

int write_status_of(const Error& error) {
  if (error.code == ErrorCode::kNotFound && !error.message.starts_with("database not found")) {
    return 500;
  }
  if (error.code == ErrorCode::kTooLarge &&
      error.message.starts_with("cardinality limit exceeded")) {
    return 422;
  }
  return status_of(error.code);
}

}  // namespace varve::influx
