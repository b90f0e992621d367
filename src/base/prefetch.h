// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace varve {

/// Fetches what stands at the address, which need not be valid, into the processor's caches.
/// g++ takes a function that does nothing but __builtin_prefetch for one without effect and drops
/// the calls of it; the empty statement keeps them.
inline void prefetch(const void* address) {
  __builtin_prefetch(address);
  asm volatile("" : : "r"(address));
}

}  // namespace varve
