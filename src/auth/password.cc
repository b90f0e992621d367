// SPDX-License-Identifier: Apache-2.0
#include "auth/password.h"

#include <argon2.h>

#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "auth/digest.h"
#include "auth/scram.h"

namespace varve::auth {
namespace {

// Source: OWASP, "Password Storage Cheat Sheet": 19 MiB, two passes, one lane.
constexpr uint32_t kPasses = 2;
constexpr uint32_t kMemoryKib = 19 * 1024;
constexpr uint32_t kLanes = 1;
constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;
constexpr size_t kPasswordBytesMax = 64 * 1024;
static_assert(kMemoryKib * 1024 == kHashBytesHeld);

/// One of the kHashesAtOnce places. Threads: whoever waits for one.
class HashPlace {
 public:
  HashPlace() {
    std::unique_lock lock(all().mutex);
    all().freed.wait(lock, [] { return all().taken < kHashesAtOnce; });
    ++all().taken;
  }
  ~HashPlace() {
    {
      const std::lock_guard lock(all().mutex);
      --all().taken;
    }
    all().freed.notify_one();
  }
  HashPlace(const HashPlace&) = delete;
  HashPlace& operator=(const HashPlace&) = delete;

 private:
  struct Places {
    std::mutex mutex;
    std::condition_variable freed;
    size_t taken = 0;  // Under the mutex.
  };
  static Places& all() {
    static Places places;
    return places;
  }
};

}  // namespace

Result<std::string> hash_password(std::string_view password, Random& random) {
  if (password.size() > kPasswordBytesMax) {
    return fail(ErrorCode::kTooLarge, "the password is longer than 65536 bytes");
  }
  const std::string salt = random_bytes(kSaltBytes, random);
  const HashPlace place;
  std::string hash(
      argon2_encodedlen(kPasses, kMemoryKib, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const int failure =
      argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashBytes, hash.data(), hash.size());
  if (failure != ARGON2_OK) {
    return fail(ErrorCode::kInternal,
                std::string("cannot hash a password: ") + argon2_error_message(failure));
  }
  hash.resize(std::strlen(hash.c_str()));
  return hash;
}

bool verify_password(std::string_view password, const std::string& hash) {
  if (password.size() > kPasswordBytesMax) return false;
  const HashPlace place;
  return argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

Result<PasswordVerifiers> make_password_verifiers(std::string_view password, Random& random) {
  return PasswordVerifiers{.argon2id = TRY(hash_password(password, random)),
                           .scram_sha_256 = make_scram_verifier(password, random)};
}

}  // namespace varve::auth
