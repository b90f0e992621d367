// SPDX-License-Identifier: Apache-2.0
#include "varve/object_storage.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/checksum.h"
#include "base/log.h"
#include "engine/backup/backup_listing.h"
#include "io/aws_credentials.h"
#include "varve/byte_text.h"

namespace varve {
namespace {

constexpr std::string_view kIdentityFile = "OBJECT_STORE";
constexpr std::string_view kCopyEnding = ".copy";
// format, id, url, claimed
constexpr size_t kMembersBeforeChecksums = 4;
constexpr std::string_view kSection = "storage.object_store.";

std::string variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? "" : value;
}

std::string first_of(std::initializer_list<std::string> texts) {
  for (const std::string& text : texts) {
    if (!text.empty()) return text;
  }
  return "";
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

Result<AwsCredentials> credentials_of(const Config& config, FileSystem& files) {
  const auto text = [&](const char* name) { return config.text(std::string(kSection) + name); };
  AwsCredentials given{.access_key = text("access_key"),
                       .secret_key = text("secret_key"),
                       .session_token = text("session_token")};
  if (given.access_key.empty() && given.secret_key.empty()) {
    return find_aws_credentials(files, variable);
  }
  if (!given.access_key.empty() && !given.secret_key.empty()) return given;
  return fail(ErrorCode::kInvalidInput,
              "storage.object_store.access_key and secret_key belong together: one is missing");
}

int64_t checksum_of(const ObjectStoreIdentity& identity) {
  return crc32c(identity.id + "\n" + identity.url + (identity.is_claimed ? "\nclaimed" : "\n"));
}

std::string encode_identity(const ObjectStoreIdentity& identity) {
  nlohmann::ordered_json document;
  document["format"] = 1;
  document["id"] = identity.id;
  document["url"] = identity.url;
  document["claimed"] = identity.is_claimed;
  document["crc"] = checksum_of(identity);
  return document.dump(2) + "\n";
}

// Nothing when it is damaged. Earlier versions wrote no checksum.
std::optional<ObjectStoreIdentity> decode_identity(std::string_view bytes) {
  const auto document = nlohmann::json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return std::nullopt;
  const auto text = [&](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() ? found->get<std::string>() : "";
  };
  ObjectStoreIdentity identity{.id = text("id"), .url = text("url")};
  const auto claimed = document.find("claimed");
  identity.is_claimed = claimed != document.end() && *claimed == true;
  const bool is_checked = document.size() != kMembersBeforeChecksums || document.contains("crc");
  if (is_checked) {
    const auto crc = document.find("crc");
    if (crc == document.end() || *crc != checksum_of(identity)) return std::nullopt;
  }
  if (identity.id.empty() || identity.url.empty()) return std::nullopt;
  return identity;
}

// The identity that the prefix is claimed under from now on.
Result<void> claim(ObjectStore& store, std::optional<ObjectStoreIdentity>& identity,
                   FileSystem& local, const std::string& directory, const Clock& clock,
                   Random& random) {
  if (!identity) {
    identity = make_object_store_identity(store.url(""), random);
    // Who was interrupted here must know the next time that the claim was its own.
    const auto begun = TRY(read_object_store_identity(local, directory));
    if (begun && begun->url == identity->url) identity->id = begun->id;
    TRY_VOID(write_object_store_identity(local, directory, *identity));
  }
  TRY_VOID(claim_objects(store, make_object_owner(*identity, directory, clock)));
  if (identity->is_claimed) return {};
  identity->is_claimed = true;
  return write_object_store_identity(local, directory, *identity);
}

}  // namespace

Result<S3Options> s3_options(const Config& config, FileSystem& files, std::string bucket,
                             std::string prefix) {
  const auto path = [](const char* name) { return std::string(kSection) + name; };
  S3Options options;
  options.endpoint = first_of({config.text(path("endpoint")), variable("AWS_ENDPOINT_URL_S3"),
                               variable("AWS_ENDPOINT_URL")});
  options.region = first_of({config.text(path("region")), variable("AWS_REGION"),
                             variable("AWS_DEFAULT_REGION"), "us-east-1"});
  options.bucket = std::move(bucket);
  options.prefix = std::move(prefix);
  options.credentials = TRY(credentials_of(config, files));
  const std::string& addressing = config.text(path("addressing"));
  options.path_style =
      addressing == "path" || (addressing == "auto" && !options.endpoint.empty());
  options.ca_file = first_of({config.text(path("ca_file")), variable("AWS_CA_BUNDLE")});
  options.connect_timeout_ms = config.duration_ms(path("connect_timeout"));
  options.stall_timeout_ms = config.duration_ms(path("stall_timeout"));
  options.retry_total_ms = config.duration_ms(path("retry_total"));
  options.parallel_requests = static_cast<size_t>(config.integer(path("parallel_requests")));
  return options;
}

std::optional<BucketPlace> parse_bucket_url(std::string_view text) {
  if (!text.starts_with("s3://")) return std::nullopt;
  text.remove_prefix(5);
  const auto slash = std::min(text.find('/'), text.size());
  BucketPlace place{.bucket = std::string(text.substr(0, slash)), .prefix = ""};
  text.remove_prefix(slash);
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  place.prefix = std::string(text);
  return place;
}

Result<std::optional<ObjectStoreIdentity>> read_object_store_identity(
    FileSystem& files, const std::string& directory) {
  const std::string path = join_path(directory, kIdentityFile);
  const std::string copy = path + std::string(kCopyEnding);
  const bool is_there = TRY(files.exists(path));
  if (is_there) {
    const auto identity = decode_identity(TRY(read_file(files, path)));
    if (identity) return std::optional(*identity);
  }
  if (TRY(files.exists(copy))) {
    const auto identity = decode_identity(TRY(read_file(files, copy)));
    if (identity) {
      log::error("object_store.identity_damaged", {{"file", path}, {"used", copy}});
      TRY_VOID(write_object_store_identity(files, directory, *identity));
      return std::optional(*identity);
    }
  } else if (!is_there) {
    return std::optional<ObjectStoreIdentity>();
  }
  return fail(ErrorCode::kCorrupt, path + " does not say where the sorted files are");
}

Result<void> write_object_store_identity(FileSystem& files, const std::string& directory,
                                         const ObjectStoreIdentity& identity) {
  const std::string path = join_path(directory, kIdentityFile);
  const std::string text = encode_identity(identity);
  TRY_VOID(write_file_atomically(files, path, text));
  return write_file_atomically(files, path + std::string(kCopyEnding), text);
}

ObjectStoreIdentity make_object_store_identity(const std::string& url, Random& random) {
  std::array<char, 40> id{};
  std::snprintf(id.data(), id.size(), "%016llx%016llx",
                static_cast<unsigned long long>(random.next_u64()),
                static_cast<unsigned long long>(random.next_u64()));
  return {.id = id.data(), .url = url, .is_claimed = false};
}

ObjectOwner make_object_owner(const ObjectStoreIdentity& identity, const std::string& directory,
                              const Clock& clock) {
  return {.id = identity.id,
          .host = host_name(),
          .data_directory = directory,
          .claimed_at = utc_text(clock.now_ns())};
}

Result<void> use_bucket_of(FileSystem& files, const std::string& directory, Config& config) {
  if (!config.text("storage.object_store.bucket").empty()) return {};
  const auto identity = TRY(read_object_store_identity(files, directory));
  if (!identity || !identity->is_claimed) return {};
  const auto place = parse_bucket_url(identity->url);
  if (!place) {
    return fail(ErrorCode::kCorrupt, join_path(directory, kIdentityFile) + " names no bucket");
  }
  const std::string source(kIdentityFile);
  TRY_VOID(config.set("storage.object_store.bucket", place->bucket, source));
  return config.set("storage.object_store.prefix", place->prefix, source);
}

BucketFileSystem::OpenBucket bucket_opener(const Config& config, FileSystem& local,
                                           const Clock& clock, Random& random) {
  return [config, &local, &clock, &random](
             const std::string& bucket) -> Result<std::unique_ptr<ObjectStore>> {
    return TRY(S3ObjectStore::make(TRY(s3_options(config, local, bucket, "")), clock, random));
  };
}

Result<std::unique_ptr<ObjectStorage>> ObjectStorage::open(const Config& config, FileSystem& local,
                                                           const std::string& directory,
                                                           const Clock& clock, Random& random) {
  const std::string& bucket = config.text("storage.object_store.bucket");
  auto identity = TRY(read_object_store_identity(local, directory));
  if (identity && !identity->is_claimed) identity.reset();
  if (bucket.empty()) {
    if (!identity) return std::unique_ptr<ObjectStorage>();
    return fail(ErrorCode::kInvalidInput,
                "the sorted files of " + directory + " are kept in " + identity->url +
                    ", but storage.object_store.bucket is not set");
  }
  std::unique_ptr<ObjectStorage> storage(new ObjectStorage());
  storage->store_ = TRY(S3ObjectStore::make(
      TRY(s3_options(config, local, bucket, config.text("storage.object_store.prefix"))), clock,
      random));
  S3ObjectStore& store = *storage->store_;
  const std::string url = store.url("");
  if (identity && identity->url != url) {
    return fail(ErrorCode::kInvalidInput,
                "the sorted files of " + directory + " are kept in " + identity->url +
                    ", but the configuration says " + url + "; if all objects were moved there, "
                    "correct the file " + join_path(directory, kIdentityFile));
  }
  TRY_VOID(claim(store, identity, local, directory, clock, random));
  storage->guard_ = std::make_unique<OwnershipGuard>(store, identity->id, clock);
  storage->files_ = TRY(TieredFileSystem::open(
      local, store,
      {.root = directory,
       .disk_bytes_max = static_cast<uint64_t>(config.integer("storage.object_store.disk_cache")),
       .disk_free_bytes_min =
           static_cast<uint64_t>(config.integer("storage.object_store.disk_free_min")),
       .parallel_requests =
           static_cast<size_t>(config.integer("storage.object_store.parallel_requests")),
       .upload_threads =
           static_cast<size_t>(config.integer("storage.object_store.parallel_requests")),
       .may_change = [guard = storage->guard_.get()] { return guard->check(); }}));
  log::info("object_store.open", {{"url", url}, {"id", identity->id}});
  return storage;
}

}  // namespace varve
