// SPDX-License-Identifier: Apache-2.0
// Passwords as they may be stored: argon2id with a salt of their own, in the usual text form
// "$argon2id$v=19$m=19456,t=2,p=1$…$…", which carries its parameters.
//
// Each call takes some 30 ms and 19 MiB on purpose: not for an event loop. kHashesAtOnce of them
// run at the same time in a process; others wait, so that a flood of passwords cannot fill memory.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/user.h"
#include "io/random.h"

namespace varve::auth {

inline constexpr size_t kHashesAtOnce = 2;
inline constexpr size_t kHashBytesHeld = 19 << 20;  ///< Memory of one call.

/// kTooLarge when the password is longer than 64 KiB; kInternal when there is no memory.
Result<std::string> hash_password(std::string_view password, Random& random);

/// False for another password, and for a text that is no such hash.
bool verify_password(std::string_view password, const std::string& hash);

/// Everything that is kept of a password. Errors as hash_password().
Result<PasswordVerifiers> make_password_verifiers(std::string_view password, Random& random);

}  // namespace varve::auth
