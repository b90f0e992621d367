// SPDX-License-Identifier: Apache-2.0
// Objects in an S3 service, through requests that we sign ourselves
// (docs/decisions/0015-object-store.md says why all of them).
//
// What may go away by itself (no answer, a reset, 429, 500 and above) is tried again with
// exponential backoff and full jitter until `retry_total_ms` have passed; the message then says how
// often. Everything else is told at once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "io/aws_signature.h"
#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"
#include "io/web_client.h"

namespace varve {

struct S3Options {
  /// Empty: Amazon's, of the region.
  std::string endpoint;
  std::string region = "us-east-1";
  std::string bucket;
  /// Before every object's name, with a '/' between; may be empty.
  std::string prefix;
  AwsCredentials credentials;
  /// The bucket in the path rather than in the host's name.
  bool path_style = true;
  std::string ca_file;
  int64_t connect_timeout_ms = 3'000;
  int64_t stall_timeout_ms = 10'000;
  int64_t retry_total_ms = 30'000;
  /// The first pause is random up to this; it doubles up to `backoff_max_ms`.
  int64_t backoff_first_ms = 50;
  int64_t backoff_max_ms = 5'000;
  /// Larger files go in parts of this size, some at a time.
  uint64_t part_bytes = 8ull << 20;
  size_t parallel_requests = 4;
};

class S3ObjectStore final : public ObjectStore {
 public:
  /// Costs no request. The clock and the random numbers outlive it. kInvalidInput names what is
  /// wrong with the options.
  static Result<std::unique_ptr<S3ObjectStore>> make(S3Options options, const Clock& clock,
                                                     Random& random);

  Result<void> put(const std::string& name, std::string_view bytes) override;
  Result<bool> put_if_absent(const std::string& name, std::string_view bytes) override;
  Result<void> put_file(const std::string& name, const File& file) override;
  Result<std::string> get(const std::string& name, uint64_t offset, uint64_t size_bytes) override;
  Result<uint64_t> size_bytes(const std::string& name) override;
  Result<std::vector<ObjectInfo>> list(const std::string& name_prefix) override;
  Result<void> remove(const std::string& name) override;
  Result<void> copy(const std::string& from, const std::string& to) override;
  std::string url(const std::string& name) const override;

  /// From now on no request is tried again for long, and none is begun once one failed so: the
  /// process is about to end. Any thread.
  void hurry();

 private:
  using Query = std::vector<std::pair<std::string, std::string>>;
  struct Operation;
  S3ObjectStore(S3Options options, WebAddress address, std::unique_ptr<WebClient> client,
                const Clock& clock, Random& random);
  /// Until it is answered with one of the operation's good statuses, or there is no sense in
  /// trying again.
  Result<WebResponse> ask(const Operation& operation);
  Result<WebResponse> ask_once(const Operation& operation);
  void pause(int64_t milliseconds);
  Result<void> put_parts(const std::string& name, const File& file, uint64_t file_bytes);
  Result<void> put_part(const std::string& name, const std::string& upload, const File& file,
                        size_t number, uint64_t begin, uint64_t size_bytes, std::string& tag);
  Result<void> complete_parts(const std::string& name, const std::string& upload,
                              const std::vector<std::string>& tags);
  std::string key(const std::string& name) const;

  const S3Options options_;
  const WebAddress address_;
  const std::unique_ptr<WebClient> client_;
  const Clock& clock_;
  Random& random_;
  std::atomic<bool> is_hurried_{false};
  std::atomic<bool> has_given_up_{false};
  Mutex mutex_;
  std::condition_variable_any hurried_;
};

}  // namespace varve
