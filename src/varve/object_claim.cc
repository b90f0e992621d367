// SPDX-License-Identifier: Apache-2.0
#include "varve/object_claim.h"

#include <nlohmann/json.hpp>

#include "engine/backup/backup_listing.h"

namespace varve {
namespace {

constexpr int kFormat = 1;
constexpr int kRoundsMax = 3;

std::string encode(const ObjectOwner& owner) {
  nlohmann::ordered_json document;
  document["format"] = kFormat;
  document["id"] = owner.id;
  document["host"] = engine::as_utf8(owner.host);
  document["data_directory"] = engine::as_utf8(owner.data_directory);
  document["claimed_at"] = owner.claimed_at;
  return document.dump(2) + "\n";
}

std::string text_of(const nlohmann::json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string describe(const ObjectOwner& owner) {
  return "the data directory " + owner.data_directory + " of host " + owner.host +
         ", which claimed it at " + owner.claimed_at + " (id " + owner.id + ")";
}

Error taken(const ObjectStore& store, const ObjectOwner& owner) {
  return {ErrorCode::kAlreadyExists,
          store.url("") + " belongs to " + describe(owner) +
              "; choose another prefix, or end that server for good and run varve restore --from " +
              store.url("") + " --data-dir NEW --take-over"};
}

}  // namespace

Result<ObjectOwner> read_object_owner(ObjectStore& store) {
  const std::string name(kOwnerObject);
  const std::string text = TRY(read_object(store, name));
  const auto document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || text_of(document, "id").empty()) {
    return fail(ErrorCode::kCorrupt, store.url(name) + " does not say whose the prefix is");
  }
  return ObjectOwner{.id = text_of(document, "id"),
                     .host = text_of(document, "host"),
                     .data_directory = text_of(document, "data_directory"),
                     .claimed_at = text_of(document, "claimed_at")};
}

Result<void> claim_objects(ObjectStore& store, const ObjectOwner& owner) {
  for (int round = 0; round < kRoundsMax; ++round) {
    const auto known = read_object_owner(store);
    if (known) return known->id == owner.id ? Result<void>() : fail(taken(store, *known));
    if (known.error().code != ErrorCode::kNotFound) return fail(known.error());
    const auto backup = store.size_bytes(std::string(engine::kBackupMarkFile));
    if (backup) {
      return fail(ErrorCode::kInvalidInput,
                  store.url("") + " holds a backup; choose another prefix for sorted files");
    }
    if (backup.error().code != ErrorCode::kNotFound) return fail(backup.error());
    // Read again whatever it says: a first attempt may have won although its answer was lost, and
    // a service may not know conditions.
    TRY(store.put_if_absent(std::string(kOwnerObject), encode(owner)));
  }
  return fail(ErrorCode::kIo, store.url(std::string(kOwnerObject)) +
                                  " cannot be read although it was written");
}

Result<void> take_over_objects(ObjectStore& store, const ObjectOwner& owner) {
  return store.put(std::string(kOwnerObject), encode(owner));
}

Result<void> OwnershipGuard::check() {
  {
    const MutexLock lock(mutex_);
    const int64_t now_ns = clock_.steady_ns();
    if (checked_ns_ != INT64_MIN && now_ns - checked_ns_ < kTrustedNs) return {};
  }
  const auto owner = TRY(read_object_owner(store_));
  if (owner.id != id_) {
    is_lost_.store(true);
    return fail(ErrorCode::kForbidden, store_.url("") + " belongs to " + describe(owner) +
                                           " by now: this server must not change it any more");
  }
  const MutexLock lock(mutex_);
  checked_ns_ = clock_.steady_ns();
  return {};
}

}  // namespace varve
