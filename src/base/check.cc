// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace varve {

void check_failed(const char* fact, const char* file, int line) noexcept {
  std::fprintf(stderr, "varve: broken invariant: %s at %s:%d\n", fact, file, line);
  std::abort();
}

}  // namespace varve
