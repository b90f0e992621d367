// SPDX-License-Identifier: Apache-2.0
// Objects behind an interface: named bytes that are written once, whole, and stay. A real twin
// (io/s3_object_store.h) and one in memory that fails where a test says so
// (io/simulated_object_store.h).
//
// A name is relative to the store's prefix and made of ASCII letters, digits and ! - _ . ~ / = .
// An object is there, durable and whole once its put has returned. After an error it may be there,
// also later: a request can reach the service long after its sender gave up. So whoever cannot bear
// that never uses a name twice.
// Errors: kNotFound only when the service itself says that it has no such object (not: no such
// bucket); kForbidden when it refuses who asks; kIo for everything else that may go away, above all
// a service that does not answer. Each message names the object and what the service said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace varve {

struct ObjectInfo {
  std::string name;
  uint64_t size_bytes = 0;
  friend bool operator==(const ObjectInfo&, const ObjectInfo&) = default;
};

/// Threads: safe anywhere. Calls block, for a bounded time.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  /// Replaces an object of the name.
  virtual Result<void> put(const std::string& name, std::string_view bytes) = 0;
  /// False when the name is taken. It may then be taken by this very call, whose first attempt
  /// arrived although its answer did not: read the object to know.
  virtual Result<bool> put_if_absent(const std::string& name, std::string_view bytes) = 0;
  /// The whole file, in bounded pieces when it is large.
  virtual Result<void> put_file(const std::string& name, const File& file) = 0;
  /// Fewer bytes at the object's end.
  virtual Result<std::string> get(const std::string& name, uint64_t offset,
                                  uint64_t size_bytes) = 0;
  virtual Result<uint64_t> size_bytes(const std::string& name) = 0;
  /// All whose names begin so, by rising name. What came or went lately may be told wrongly.
  virtual Result<std::vector<ObjectInfo>> list(const std::string& name_prefix) = 0;
  /// Fine when there is none.
  virtual Result<void> remove(const std::string& name) = 0;
  /// Within the service.
  virtual Result<void> copy(const std::string& from, const std::string& to) = 0;
  /// For messages: "s3://bucket/prefix/name".
  virtual std::string url(const std::string& name) const = 0;
};

/// The whole object.
Result<std::string> read_object(ObjectStore& store, const std::string& name);

/// Calls `work` with 0 … count − 1 on at most `threads_max` threads, the caller's among them. After
/// an error what has not begun is left out; the first error is given.
Result<void> run_in_parallel(size_t count, size_t threads_max,
                             const std::function<Result<void>(size_t)>& work);

/// A range of an object by parallel requests of `piece_bytes`.
Result<std::string> get_in_parallel(ObjectStore& store, const std::string& name, uint64_t offset,
                                    uint64_t size_bytes, uint64_t piece_bytes, size_t threads_max);

}  // namespace varve
