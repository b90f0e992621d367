// SPDX-License-Identifier: Apache-2.0
#include "io/s3_object_store.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "base/check.h"
#include "base/metrics.h"
#include "io/s3_answer.h"

namespace varve {
namespace {

// More parts than this no service takes.
constexpr uint64_t kPartsMax = 10'000;
// A passing fault may come at the end of a process too.
constexpr int64_t kHurriedTotalMs = 1'000;

metrics::Counter& sent_bytes = metrics::counter("varve_object_store_sent_bytes_total",
                                                "Bytes of bodies sent to the object store.");
metrics::Counter& received_bytes = metrics::counter(
    "varve_object_store_received_bytes_total", "Bytes of bodies received from the object store.");

metrics::Counter& requests(const char* operation, const char* outcome) {
  return metrics::counter("varve_object_store_requests_total",
                          "Requests to the object store, each attempt.",
                          {{"operation", operation}, {"outcome", outcome}});
}
metrics::Counter& retries(const char* operation) {
  return metrics::counter("varve_object_store_retries_total",
                          "Requests to the object store that were tried again.",
                          {{"operation", operation}});
}
metrics::Histogram& seconds(const char* operation) {
  return metrics::histogram("varve_object_store_request_duration_seconds",
                            "Time that an attempt of a request to the object store took.",
                            {{"operation", operation}});
}

bool is_passing(int status) { return status == 408 || status == 429 || status >= 500; }

bool is_name(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!-_.~/=").find(c) != std::string_view::npos;
  });
}

Result<WebAddress> address_of(const S3Options& options) {
  WebAddress address{
      .tls = true, .host = "s3." + options.region + ".amazonaws.com", .port = 443};
  if (!options.endpoint.empty()) address = TRY(parse_web_address(options.endpoint));
  if (!options.path_style) address.host = options.bucket + "." + address.host;
  return address;
}

}  // namespace

struct S3ObjectStore::Operation {
  const char* name;  // For metrics: "put", "get", …
  std::string method;
  std::string object;
  Query query = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string_view body = {};
  // Besides 200 to 206.
  int good_status = 200;
};

S3ObjectStore::S3ObjectStore(S3Options options, WebAddress address,
                             std::unique_ptr<WebClient> client, const Clock& clock, Random& random)
    : options_(std::move(options)),
      address_(std::move(address)),
      client_(std::move(client)),
      clock_(clock),
      random_(random) {}

Result<std::unique_ptr<S3ObjectStore>> S3ObjectStore::make(S3Options options, const Clock& clock,
                                                           Random& random) {
  while (options.prefix.ends_with('/')) options.prefix.pop_back();
  if (options.bucket.empty() || !is_name(options.bucket) ||
      options.bucket.find('/') != std::string::npos) {
    return fail(ErrorCode::kInvalidInput, "\"" + options.bucket + "\" is no name of a bucket");
  }
  if (!is_name(options.prefix) || options.prefix.starts_with('/')) {
    return fail(ErrorCode::kInvalidInput,
                "\"" + options.prefix + "\" is no prefix for objects: use letters, digits and "
                                        "-_.~/=, with no '/' in front");
  }
  WebAddress address = TRY(address_of(options));
  auto client = TRY(WebClient::make({.address = address,
                                     .connect_timeout_ms = options.connect_timeout_ms,
                                     .stall_timeout_ms = options.stall_timeout_ms,
                                     .ca_file = options.ca_file}));
  return std::unique_ptr<S3ObjectStore>(new S3ObjectStore(
      std::move(options), std::move(address), std::move(client), clock, random));
}

std::string S3ObjectStore::key(const std::string& name) const {
  return options_.prefix.empty() ? name : options_.prefix + "/" + name;
}

std::string S3ObjectStore::url(const std::string& name) const {
  return "s3://" + options_.bucket + "/" + key(name);
}

void S3ObjectStore::hurry() {
  const MutexLock lock(mutex_);
  is_hurried_.store(true);
  hurried_.notify_all();
}

void S3ObjectStore::pause(int64_t milliseconds) {
  std::unique_lock lock(mutex_);
  if (is_hurried_.load()) {
    hurried_.wait_for(lock, std::chrono::milliseconds(milliseconds), [] { return false; });
    return;
  }
  hurried_.wait_for(lock, std::chrono::milliseconds(milliseconds),
                    [&] { return is_hurried_.load(); });
}

Result<WebResponse> S3ObjectStore::ask_once(const Operation& operation) {
  std::string path = options_.path_style ? "/" + options_.bucket : "";
  // Of the bucket itself, or of an object.
  path += operation.object.empty() ? (options_.path_style ? "" : "/")
                                   : "/" + key(operation.object);
  AwsRequest request{.method = operation.method,
                     .path = std::move(path),
                     .query = operation.query,
                     .headers = operation.headers,
                     .body = operation.body};
  request.headers.emplace_back("host", address_.host_header());
  auto signed_request = sign_aws_request(std::move(request), options_.credentials, options_.region,
                                         clock_.now_ns());
  const int64_t began_ns = clock_.steady_ns();
  auto response = client_->ask({.method = operation.method,
                                .target = std::move(signed_request.target),
                                .headers = std::move(signed_request.headers),
                                .body = operation.body});
  seconds(operation.name).observe(static_cast<double>(clock_.steady_ns() - began_ns) * 1e-9);
  sent_bytes.add(operation.body.size());
  if (response) received_bytes.add(response->body.size());
  return response;
}

Result<WebResponse> S3ObjectStore::ask(const Operation& operation) {
  const std::string what = operation.method + " " + url(operation.object) + ": ";
  if (has_given_up_.load()) {
    return fail(ErrorCode::kIo, what + "not asked, since the object store did not answer before");
  }
  const int64_t began_ns = clock_.steady_ns();
  int64_t backoff_ms = std::max<int64_t>(options_.backoff_first_ms, 1);
  for (int attempt = 1;; ++attempt) {
    auto response = ask_once(operation);
    Error error;
    if (response) {
      const int status = response->status;
      if ((status >= 200 && status <= 206) || status == operation.good_status) {
        requests(operation.name, "ok").add();
        return response;
      }
      const std::string complaint = s3_complaint(response->body);
      error = {ErrorCode::kIo, "the object store said " + std::to_string(status) +
                                   (complaint.empty() ? "" : " " + complaint)};
      // An answer to HEAD has no body; a bucket that is missing is not the object's fault.
      const bool is_missing =
          status == 404 && (complaint.empty() ? operation.method == "HEAD"
                                              : complaint.starts_with("NoSuchKey"));
      if (is_missing) error.code = ErrorCode::kNotFound;
      if (status == 401 || status == 403) error.code = ErrorCode::kForbidden;
      requests(operation.name, is_missing ? "not_found" : "refused").add();
      const bool is_race = status == 409 && complaint.starts_with("ConditionalRequestConflict");
      if (!is_passing(status) && !is_race) return fail(error.code, what + error.message);
    } else {
      error = response.error();
      requests(operation.name, error.code == ErrorCode::kTimeout ? "timeout" : "no_answer").add();
      error.code = ErrorCode::kIo;
    }
    const int64_t total_ms = is_hurried_.load()
                                 ? std::min(options_.retry_total_ms, kHurriedTotalMs)
                                 : options_.retry_total_ms;
    const int64_t left_ms = total_ms - (clock_.steady_ns() - began_ns) / 1'000'000;
    const auto wait_ms = static_cast<int64_t>(random_.next_u64() %
                                              static_cast<uint64_t>(backoff_ms + 1));
    if (wait_ms >= left_ms) {
      if (is_hurried_.load()) has_given_up_.store(true);
      return fail(error.code, what + error.message +
                                  (attempt == 1 ? "" : " (tried " + std::to_string(attempt) +
                                                           " times)"));
    }
    retries(operation.name).add();
    pause(wait_ms);
    backoff_ms = std::min(2 * backoff_ms, options_.backoff_max_ms);
  }
}

Result<void> S3ObjectStore::put(const std::string& name, std::string_view bytes) {
  TRY(ask({.name = "put", .method = "PUT", .object = name, .body = bytes}));
  return {};
}

Result<bool> S3ObjectStore::put_if_absent(const std::string& name, std::string_view bytes) {
  const auto response = TRY(ask({.name = "put_if_absent",
                                 .method = "PUT",
                                 .object = name,
                                 .headers = {{"if-none-match", "*"}},
                                 .body = bytes,
                                 .good_status = 412}));
  return response.status != 412;
}

Result<void> S3ObjectStore::put_file(const std::string& name, const File& file) {
  const uint64_t file_bytes = TRY(file.size_bytes());
  if (file_bytes > 2 * options_.part_bytes) return put_parts(name, file, file_bytes);
  const std::string bytes = TRY(file.read_at(0, file_bytes));
  if (bytes.size() != file_bytes) {
    return fail(ErrorCode::kIo, "the file for " + url(name) + " ends early");
  }
  return put(name, bytes);
}

Result<void> S3ObjectStore::put_parts(const std::string& name, const File& file,
                                      uint64_t file_bytes) {
  const auto begun = TRY(ask({.name = "begin_parts",
                              .method = "POST",
                              .object = name,
                              .query = {{"uploads", ""}}}));
  const auto upload = xml_text(begun.body, "UploadId");
  if (!upload) return fail(ErrorCode::kIo, "POST " + url(name) + ": no upload was begun");
  const uint64_t part_bytes =
      std::max(options_.part_bytes, (file_bytes + kPartsMax - 1) / kPartsMax);
  std::vector<std::string> tags(static_cast<size_t>((file_bytes + part_bytes - 1) / part_bytes));
  Result<void> sent =
      run_in_parallel(tags.size(), options_.parallel_requests, [&](size_t part) {
        const uint64_t begin = part * part_bytes;
        return put_part(name, *upload, file, part + 1, begin,
                        std::min(part_bytes, file_bytes - begin), tags[part]);
      });
  if (sent) sent = complete_parts(name, *upload, tags);
  // An answer that got lost makes the second attempt complain that there is no such upload.
  if (!sent && size_bytes(name).value_or(0) == file_bytes) return {};
  // What was sent costs money until it is told to go.
  if (!sent) {
    static_cast<void>(ask({.name = "abort_parts",
                           .method = "DELETE",
                           .object = name,
                           .query = {{"uploadId", *upload}},
                           .good_status = 404}));
  }
  return sent;
}

Result<void> S3ObjectStore::put_part(const std::string& name, const std::string& upload,
                                     const File& file, size_t number, uint64_t begin,
                                     uint64_t size_bytes, std::string& tag) {
  const std::string bytes = TRY(file.read_at(begin, size_bytes));
  if (bytes.size() != size_bytes) {
    return fail(ErrorCode::kIo, "the file for " + url(name) + " ends early");
  }
  const auto response =
      TRY(ask({.name = "put_part",
               .method = "PUT",
               .object = name,
               .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}},
               .body = bytes}));
  tag = response.header("etag");
  if (!tag.empty()) return {};
  return fail(ErrorCode::kIo, "PUT " + url(name) + ": a part was taken without a tag");
}

Result<void> S3ObjectStore::complete_parts(const std::string& name, const std::string& upload,
                                           const std::vector<std::string>& tags) {
  std::string list = "<CompleteMultipartUpload>";
  for (size_t i = 0; i < tags.size(); ++i) {
    list += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" +
            xml_escape(tags[i]) + "</ETag></Part>";
  }
  list += "</CompleteMultipartUpload>";
  const auto response = TRY(ask({.name = "complete_parts",
                                 .method = "POST",
                                 .object = name,
                                 .query = {{"uploadId", upload}},
                                 .body = list}));
  // The service may find out late, and then says so under status 200.
  const std::string complaint = s3_complaint(response.body);
  if (complaint.empty()) return {};
  return fail(ErrorCode::kIo, "POST " + url(name) + ": the object store said " + complaint);
}

Result<std::string> S3ObjectStore::get(const std::string& name, uint64_t offset,
                                       uint64_t size_bytes) {
  if (size_bytes == 0) return std::string();
  auto response =
      TRY(ask({.name = "get",
               .method = "GET",
               .object = name,
               .headers = {{"range", "bytes=" + std::to_string(offset) + "-" +
                                         std::to_string(offset + size_bytes - 1)}},
               .good_status = 416}));
  if (response.status == 416) return std::string();
  if (response.status == 206) {
    const std::string wanted = "bytes " + std::to_string(offset) + "-";
    if (!response.header("content-range").starts_with(wanted) ||
        response.body.size() > size_bytes) {
      return fail(ErrorCode::kIo, "GET " + url(name) + ": the object store gave another range");
    }
    return std::move(response.body);
  }
  // The whole, from a service that ignores ranges.
  return response.body.substr(std::min<uint64_t>(offset, response.body.size()), size_bytes);
}

Result<uint64_t> S3ObjectStore::size_bytes(const std::string& name) {
  const auto response = TRY(ask({.name = "head", .method = "HEAD", .object = name}));
  const std::string text = response.header("content-length");
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos ||
      text.size() > 18) {
    return fail(ErrorCode::kIo, "HEAD " + url(name) + ": the object store gave no size");
  }
  return std::stoull(text);
}

Result<std::vector<ObjectInfo>> S3ObjectStore::list(const std::string& name_prefix) {
  const std::string own = options_.prefix.empty() ? "" : options_.prefix + "/";
  std::map<std::string, uint64_t> found;
  std::string next;
  do {
    Query query{{"list-type", "2"}, {"prefix", own + name_prefix}};
    if (!next.empty()) query.emplace_back("continuation-token", next);
    const auto response =
        TRY(ask({.name = "list", .method = "GET", .object = "", .query = std::move(query)}));
    auto page = parse_s3_listing(response.body);
    if (!page) {
      return fail(page.error().code, "LIST " + url(name_prefix) + ": " + page.error().message);
    }
    for (ObjectInfo& object : page->objects) {
      if (!object.name.starts_with(own)) continue;
      found[object.name.substr(own.size())] = object.size_bytes;
    }
    next = page->next;
  } while (!next.empty());
  std::vector<ObjectInfo> objects;
  for (auto& [name, size_bytes] : found) objects.push_back({name, size_bytes});
  return objects;
}

Result<void> S3ObjectStore::remove(const std::string& name) {
  const auto removed = ask({.name = "delete", .method = "DELETE", .object = name});
  if (!removed && removed.error().code != ErrorCode::kNotFound) return fail(removed.error());
  return {};
}

Result<void> S3ObjectStore::copy(const std::string& from, const std::string& to) {
  const auto response = TRY(ask(
      {.name = "copy",
       .method = "PUT",
       .object = to,
       .headers = {{"x-amz-copy-source",
                    "/" + options_.bucket + "/" + aws_encode(key(from), true)}}}));
  const std::string complaint = s3_complaint(response.body);
  if (complaint.empty()) return {};
  return fail(ErrorCode::kIo, "PUT " + url(to) + ": the object store said " + complaint);
}

}  // namespace varve
