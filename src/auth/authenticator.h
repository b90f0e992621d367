// SPDX-License-Identifier: Apache-2.0
// Finds out who a client is.
//
//   Credentials ─▶ identify() ─┬─ verified lately: at once, a keyed digest
//                              └─ else ─▶ bounded queue ─▶ hashing threads (argon2id) ─▶ done
//
// A name that nobody has costs the same time as a wrong password. The same credentials that come
// again while they are being hashed wait for that one hash. What was verified is remembered as a
// digest that the user's stored verifier is part of: so a new password, or a new user of an old
// name, is hashed anew, whoever made the change.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/credentials.h"
#include "auth/digest.h"
#include "auth/identity.h"
#include "base/bounded_queue.h"
#include "base/memory_governor.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/thread.h"
#include "catalog/catalog.h"
#include "io/clock.h"
#include "io/random.h"

namespace varve::auth {

struct AuthOptions {
  bool enabled = false;
  std::string jwt_secret = {};  ///< Empty: bearer tokens are refused.
  size_t hash_threads = 1;
  /// Different credentials that wait to be hashed; beyond it kOverloaded.
  size_t hashes_waiting_max = 64;
  size_t verified_max = 10'000;  ///< Credentials remembered as verified.
  int64_t verified_ns = int64_t{600} * 1'000'000'000;  ///< Since they were last used.
  MemoryGovernor* memory = nullptr;  ///< Asked for what a hash holds. Null: no limit.
};

/// Threads: identify() is safe anywhere; stop() once.
class Authenticator {
 public:
  /// Errors in InfluxDB's words: kUnauthenticated (wrong or missing credentials), kOverloaded.
  using Done = std::function<void(Result<Identity>)>;

  /// The collaborators outlive it.
  Authenticator(const Catalog& catalog, const Clock& clock, Random& random, AuthOptions options);
  ~Authenticator();

  bool is_enabled() const { return options_.enabled; }
  /// Calls `done` once: on this thread when it is known at once, else on a hashing thread. `done`
  /// must not wait for long.
  void identify(Credentials credentials, Done done);
  /// Answers what waits with kOverloaded, and ends the threads.
  void stop();

 private:
  struct DigestHash {
    size_t operator()(const Digest256& digest) const;
  };
  struct Attempt {
    Digest256 digest;
    UserRef user;  // Null: nobody has that name.
    std::string password;
  };
  struct Verified {
    Digest256 digest;
    int64_t used_ns;
  };

  void identify_by_password(Credentials credentials, Done done);
  Result<Identity> identify_by_token(const std::string& token) const;
  /// Marks it as used.
  bool is_verified(const Digest256& digest);
  void remember(const Digest256& digest);
  /// Has it hashed, or answers when the queue is full.
  void enqueue(Attempt attempt, Done done);
  Result<Identity> hash(const Attempt& attempt);
  void answer(const Digest256& digest, const Result<Identity>& outcome);

  const Catalog& catalog_;
  const Clock& clock_;
  const AuthOptions options_;
  const std::string key_;         // Of digests; of this process only.
  const std::string dummy_hash_;  // Of a password that nobody knows.

  Mutex mutex_;
  std::list<Verified> verified_ GUARDED_BY(mutex_);  // Least lately used first.
  std::unordered_map<Digest256, std::list<Verified>::iterator, DigestHash> verified_index_
      GUARDED_BY(mutex_);
  std::unordered_map<Digest256, std::vector<Done>, DigestHash> waiting_ GUARDED_BY(mutex_);

  std::atomic<bool> stopping_{false};
  BoundedQueue<Attempt> attempts_;
  std::vector<Thread> threads_;
};

}  // namespace varve::auth
