// SPDX-License-Identifier: Apache-2.0
// How Varve says that something failed: a value, never an exception.
//
//   Result<int> parse(std::string_view text);
//   Result<void> use(std::string_view text) {
//     const int number = TRY(parse(text));      // unwraps, or returns the error
//     TRY_VOID(store(number));
//     return {};
//   }
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace varve {

/// What kind of failure it is. Each door maps these to its own numbers once, in its `errors.cc`.
enum class ErrorCode : unsigned char {
  kInvalidInput,      ///< The request is malformed; asking again the same way cannot help.
  kNotFound,          ///< A named thing (database, policy, table, file) does not exist.
  kAlreadyExists,     ///< A named thing exists with other properties.
  kConflict,          ///< Contradicts stored data, for example the type of a field.
  kTooLarge,          ///< Over a named limit.
  kOverloaded,        ///< A bounded queue or budget is full; asking later can help.
  kNoSpace,           ///< The disk is full.
  kUnauthenticated,   ///< Who asks is unknown.
  kForbidden,         ///< Who asks may not do this.
  kUnsupported,       ///< Understood, but not built; the message names it.
  /// Stored bytes fail their checksum or their format; the message names file and offset.
  kCorrupt,
  kIo,                ///< The operating system refused; the message names the file.
  kCancelled,         ///< The caller or a shutdown ended it.
  kTimeout,           ///< It took longer than its budget.
  kInternal,          ///< A fault of ours.
};

/// A name for logs: "invalid_input", "not_found", …
std::string_view to_string(ErrorCode code);

/// A failure: its kind, and one sentence for the person who meets it, facts at the end.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

/// std::expected by another name until the compiler has it, and [[nodiscard]] as a class.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace varve

/// Unwraps a Result or returns its error from the enclosing function. The value is moved out: do
/// not keep a view into a temporary.
#define TRY(expression)                                                       \
  ({                                                                          \
    auto&& varve_try_result = (expression);                                   \
    if (!varve_try_result) return ::varve::fail(std::move(varve_try_result).error()); \
    std::move(*varve_try_result);                                             \
  })

/// The same for Result<void>.
#define TRY_VOID(expression)                                                  \
  do {                                                                        \
    auto&& varve_try_result = (expression);                                   \
    if (!varve_try_result) return ::varve::fail(std::move(varve_try_result).error()); \
  } while (false)
