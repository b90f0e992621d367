// SPDX-License-Identifier: Apache-2.0
// Whose a prefix of an object store is: the object OWNER names one data directory.
// docs/formats/object_store.md describes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/object_store.h"

namespace varve {

inline constexpr std::string_view kOwnerObject = "OWNER";

struct ObjectOwner {
  std::string id;  ///< Of the data directory; random, made once.
  std::string host;
  std::string data_directory;
  std::string claimed_at;  ///< RFC 3339, UTC.
};

/// Makes the prefix the owner's unless it is another's: of those who try at once exactly one wins.
/// Fine when it is theirs already. kAlreadyExists names the owner, and what to do; kInvalidInput
/// when a backup stands there.
Result<void> claim_objects(ObjectStore& store, const ObjectOwner& owner);

/// Makes it the owner's, whoever had it. That one must have ended.
Result<void> take_over_objects(ObjectStore& store, const ObjectOwner& owner);

/// kNotFound when nobody claimed the prefix.
Result<ObjectOwner> read_object_owner(ObjectStore& store);

/// Tells whether the prefix is still ours, asking the store now and then. Threads: safe anywhere.
class OwnershipGuard {
 public:
  /// The references outlive it.
  OwnershipGuard(ObjectStore& store, std::string id, const Clock& clock)
      : store_(store), id_(std::move(id)), clock_(clock) {}
  /// kForbidden names the new owner; other errors are the store's.
  Result<void> check();
  /// Whether a check has found another owner. A store that refuses us is no proof of that.
  bool is_lost() const { return is_lost_.load(); }

 private:
  static constexpr int64_t kTrustedNs = 2'000'000'000;
  ObjectStore& store_;
  const std::string id_;
  const Clock& clock_;
  std::atomic<bool> is_lost_{false};
  Mutex mutex_;
  int64_t checked_ns_ GUARDED_BY(mutex_) = INT64_MIN;
};

}  // namespace varve
