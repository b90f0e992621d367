// SPDX-License-Identifier: Apache-2.0
// The object store of a data directory, when the configuration names one: claimed, and mounted over
// the local files.
//
//   <data directory>/OBJECT_STORE    which prefix, and the id under which it is claimed
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/bucket_file_system.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"
#include "io/s3_object_store.h"
#include "io/tiered_file_system.h"
#include "varve/config.h"
#include "varve/object_claim.h"

namespace varve {

/// What the configuration, the environment and ~/.aws say, for a bucket and a prefix of it.
Result<S3Options> s3_options(const Config& config, FileSystem& files, std::string bucket,
                             std::string prefix);

/// "s3://bucket/prefix" as its two parts; nothing for any other text.
struct BucketPlace {
  std::string bucket;
  std::string prefix;
};
std::optional<BucketPlace> parse_bucket_url(std::string_view text);

/// What OBJECT_STORE says.
struct ObjectStoreIdentity {
  std::string id;
  std::string url;
  /// False: nothing was put there yet.
  bool is_claimed = false;
};
/// Nothing when the directory has none.
Result<std::optional<ObjectStoreIdentity>> read_object_store_identity(FileSystem& files,
                                                                      const std::string& directory);
Result<void> write_object_store_identity(FileSystem& files, const std::string& directory,
                                         const ObjectStoreIdentity& identity);
/// A new one for a prefix.
ObjectStoreIdentity make_object_store_identity(const std::string& url, Random& random);
/// Of this machine, now.
ObjectOwner make_object_owner(const ObjectStoreIdentity& identity, const std::string& directory,
                              const Clock& clock);

/// For commands: a directory that keeps its files in a bucket says in which one, unless the
/// configuration does.
Result<void> use_bucket_of(FileSystem& files, const std::string& directory, Config& config);

/// Opens buckets as the configuration says. The references outlive what it gives; `config` is
/// copied.
BucketFileSystem::OpenBucket bucket_opener(const Config& config, FileSystem& local,
                                           const Clock& clock, Random& random);

class ObjectStorage {
 public:
  /// Null when the configuration names no bucket. The caller holds the directory's lock; what is
  /// given by reference outlives it. Errors: a claim of somebody else, a directory of another
  /// prefix, a store that does not answer; one sentence each.
  static Result<std::unique_ptr<ObjectStorage>> open(const Config& config, FileSystem& local,
                                                     const std::string& directory,
                                                     const Clock& clock, Random& random);

  /// The data directory's files, sorted ones from the store.
  TieredFileSystem& files() { return *files_; }
  ObjectStore& objects() { return *store_; }
  OwnershipGuard& guard() { return *guard_; }
  /// The process is about to end: requests are not tried for long any more.
  void hurry() { store_->hurry(); }

 private:
  ObjectStorage() = default;
  std::unique_ptr<S3ObjectStore> store_;
  std::unique_ptr<OwnershipGuard> guard_;
  std::unique_ptr<TieredFileSystem> files_;
};

}  // namespace varve
