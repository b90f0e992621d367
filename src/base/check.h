// SPDX-License-Identifier: Apache-2.0
// CHECK states what must hold; it stays on in release builds. A CHECK that a user can trigger is
// a bug.
#pragma once

namespace varve {

/// Prints the broken fact with its place to standard error and ends the process.
[[noreturn]] void check_failed(const char* fact, const char* file, int line) noexcept;

}  // namespace varve

#define CHECK(fact)                                                        \
  do {                                                                     \
    if (__builtin_expect(!(fact), 0)) ::varve::check_failed(#fact, __FILE__, __LINE__); \
  } while (false)

/// For facts that cost too much to check in release builds (sortedness, whole scans).
#ifdef NDEBUG
#define DCHECK(fact) \
  do {               \
  } while (false && (fact))
#else
#define DCHECK(fact) CHECK(fact)
#endif
