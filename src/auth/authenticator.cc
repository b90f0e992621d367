// SPDX-License-Identifier: Apache-2.0
#include "auth/authenticator.h"

#include <cstring>
#include <utility>

#include "auth/json_web_token.h"
#include "auth/password.h"
#include "base/check.h"
#include "base/metrics.h"

namespace varve::auth {
namespace {

constexpr size_t kSecretBytes = 32;

struct Metrics {
  metrics::Counter& failures =
      metrics::counter("varve_auth_failures_total", "Requests with wrong or missing credentials.");
  metrics::Counter& hashes = metrics::counter(
      "varve_auth_hashes_total", "Passwords hashed because they were not verified lately.");
};

Metrics& figures() {
  static Metrics all;
  return all;
}

[[maybe_unused]] const Metrics& registered = figures();

tl::unexpected<Error> refuse(std::string_view why) {
  figures().failures.add();
  return fail(ErrorCode::kUnauthenticated, std::string(why));
}

std::string hash_of_nothing_known(Random& random) {
  auto hash = hash_password(random_bytes(kSecretBytes, random), random);
  return hash ? *hash : std::string();
}

void append_sized(std::string& out, std::string_view text) {
  const uint64_t size_bytes = text.size();
  out.append(reinterpret_cast<const char*>(&size_bytes), sizeof size_bytes);
  out += text;
}

}  // namespace

size_t Authenticator::DigestHash::operator()(const Digest256& digest) const {
  size_t bytes = 0;
  std::memcpy(&bytes, digest.data(), sizeof bytes);
  return bytes;
}

Authenticator::Authenticator(const Catalog& catalog, const Clock& clock, Random& random,
                             AuthOptions options)
    : catalog_(catalog),
      clock_(clock),
      options_(std::move(options)),
      key_(random_bytes(kSecretBytes, random)),
      dummy_hash_(options_.enabled ? hash_of_nothing_known(random) : std::string()),
      attempts_(options_.hashes_waiting_max) {
  if (!options_.enabled) return;
  for (size_t i = 0; i < options_.hash_threads; ++i) {
    threads_.emplace_back("auth-" + std::to_string(i), [this] {
      while (const auto attempt = attempts_.pop()) {
        answer(attempt->digest,
               stopping_ ? fail(ErrorCode::kOverloaded, "the server is stopping") : hash(*attempt));
      }
    });
  }
}

Authenticator::~Authenticator() { stop(); }

void Authenticator::stop() {
  stopping_ = true;
  attempts_.close();
  threads_.clear();
}

void Authenticator::identify(Credentials credentials, Done done) {
  if (!options_.enabled) return done(Identity::unasked());
  // Source: InfluxDB 1.8, meta.QueryAuthorizer: nobody can have credentials yet.
  if (catalog_.snapshot()->users.empty()) return done(Identity::before_users());
  switch (credentials.kind) {
    case Credentials::Kind::kNone:
      return done(refuse("unable to parse authentication credentials"));
    case Credentials::Kind::kBearer:
      return done(identify_by_token(credentials.token));
    case Credentials::Kind::kPassword:
      break;
  }
  if (credentials.user.empty()) return done(refuse("username required"));
  identify_by_password(std::move(credentials), std::move(done));
}

Result<Identity> Authenticator::identify_by_token(const std::string& token) const {
  if (options_.jwt_secret.empty()) return refuse("bearer auth disabled");
  const auto name = verify_json_web_token(token, options_.jwt_secret,
                                          clock_.now_ns() / 1'000'000'000);
  if (!name) return refuse(name.error().message);
  const UserRef user = catalog_.snapshot()->user(*name);
  if (!user) return refuse("user not found");
  return Identity::of(user);
}

void Authenticator::identify_by_password(Credentials credentials, Done done) {
  const UserRef user = catalog_.snapshot()->user(credentials.user);
  std::string secret;
  append_sized(secret, credentials.user);
  append_sized(secret, user ? user->password.argon2id : dummy_hash_);
  append_sized(secret, credentials.password);
  const Digest256 digest = hmac_sha256(key_, secret);
  if (user && is_verified(digest)) return done(Identity::of(user));
  enqueue({.digest = digest, .user = user, .password = std::move(credentials.password)},
          std::move(done));
}

bool Authenticator::is_verified(const Digest256& digest) {
  const int64_t now_ns = clock_.steady_ns();
  const MutexLock lock(mutex_);
  const auto found = verified_index_.find(digest);
  if (found == verified_index_.end()) return false;
  if (now_ns - found->second->used_ns > options_.verified_ns) {
    verified_.erase(found->second);
    verified_index_.erase(found);
    return false;
  }
  found->second->used_ns = now_ns;
  verified_.splice(verified_.end(), verified_, found->second);
  return true;
}

void Authenticator::remember(const Digest256& digest) {
  const MutexLock lock(mutex_);
  if (verified_index_.contains(digest)) return;
  while (!verified_.empty() && verified_.size() >= options_.verified_max) {
    verified_index_.erase(verified_.front().digest);
    verified_.pop_front();
  }
  verified_.push_back({digest, clock_.steady_ns()});
  verified_index_.emplace(digest, std::prev(verified_.end()));
}

void Authenticator::enqueue(Attempt attempt, Done done) {
  const Digest256 digest = attempt.digest;
  {
    const MutexLock lock(mutex_);
    const auto [entry, is_first] = waiting_.try_emplace(digest);
    entry->second.push_back(std::move(done));
    if (!is_first) return;
  }
  // Whoever came between is answered, too.
  if (attempts_.try_push(attempt)) return;
  answer(digest, fail(ErrorCode::kOverloaded, "too many passwords are waiting to be verified"));
}

Result<Identity> Authenticator::hash(const Attempt& attempt) {
  ScopedMemory memory(options_.memory, MemoryGovernor::Use::kQueries);
  if (!memory.set(kHashBytesHeld)) {
    return fail(ErrorCode::kOverloaded, "the memory limit is reached; try again soon");
  }
  figures().hashes.add();
  const bool is_right = verify_password(
      attempt.password, attempt.user ? attempt.user->password.argon2id : dummy_hash_);
  if (!is_right || !attempt.user) return refuse("authorization failed");
  // The password or the user may have gone while it was hashed.
  const UserRef now = catalog_.snapshot()->user(attempt.user->name);
  if (!now || now->password.argon2id != attempt.user->password.argon2id) {
    return refuse("authorization failed");
  }
  remember(attempt.digest);
  return Identity::of(now);
}

void Authenticator::answer(const Digest256& digest, const Result<Identity>& outcome) {
  std::vector<Done> waiting;
  {
    const MutexLock lock(mutex_);
    auto entry = waiting_.extract(digest);
    if (!entry.empty()) waiting = std::move(entry.mapped());
  }
  for (const Done& done : waiting) done(outcome);
}

}  // namespace varve::auth
