// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/bucket_list.h"

#include <charconv>
#include <cstdint>

#include "codec/text/json_text.h"
#include "serve/influx/bucket.h"

namespace varve::influx {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kLimitDefault = 100;

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

void append_bucket(std::string& out, const Database& database, const Policy& policy) {
  const std::string name = quoted(database.name + "/" + policy.name);
  out += R"({"description":"","name":)" + name +
         R"(,"retentionRules":[{"type":"","everySeconds":)" +
         std::to_string(policy.duration_ns / kSecondNs) + R"(,"shardGroupDurationSeconds":)" +
         std::to_string(policy.segment_duration_ns / kSecondNs) +
         R"(}],"orgId":"","schemaType":"implicit","id":)" + name + R"(,"type":"","rp":)" +
         quoted(policy.name) +
         R"(,"createdAt":"0001-01-01T00:00:00Z","updatedAt":"0001-01-01T00:00:00Z"})";
}

struct Found {
  DatabaseRef database;
  PolicyRef policy;
};

Result<Found> find(const CatalogSnapshot& catalog, std::string_view bucket) {
  const auto target = read_bucket(bucket);
  if (!target) {
    return fail(ErrorCode::kNotFound,
                "bucket " + quoted(bucket) + ": " + target.error().message);
  }
  const auto missing = [&] {
    return fail(ErrorCode::kNotFound, "bucket not found: " + quoted(bucket));
  };
  Found found{.database = catalog.database(target->database), .policy = nullptr};
  if (!found.database) return missing();
  found.policy = found.database->policy(target->policy.empty() ? found.database->default_policy
                                                               : target->policy);
  if (!found.policy) return missing();
  return found;
}

Result<int64_t> read_number(const FormFields& parameters, std::string_view name,
                            int64_t otherwise) {
  const auto text = parameters.get(name);
  if (text.empty()) return otherwise;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return fail(ErrorCode::kInvalidInput, "list buckets parameter is not an integer - " +
                                            std::string(name) + "=" + quoted(text));
}

/// Which of all buckets are wanted.
struct Page {
  uint64_t offset = 0;
  uint64_t limit = 0;
  std::string_view after;  // Empty: from the first.
};

Result<Page> read_page(const CatalogSnapshot& catalog, const FormFields& parameters) {
  const int64_t limit = TRY(read_number(parameters, "limit", kLimitDefault));
  Page page{.offset = 0,
            .limit = limit > 0 ? static_cast<uint64_t>(limit) : UINT64_MAX,
            .after = parameters.get("after")};
  if (page.after.empty()) {
    const int64_t offset = TRY(read_number(parameters, "offset", 0));
    page.offset = offset > 0 ? static_cast<uint64_t>(offset) : 0;
    return page;
  }
  if (!parameters.get("offset").empty()) {
    return fail(ErrorCode::kInvalidInput,
                R"(list buckets cannot have both "offset" and "after" arguments)");
  }
  if (find(catalog, page.after)) return page;
  return fail(ErrorCode::kNotFound,
              R"(list buckets "after" parameter not found: )" + quoted(page.after));
}

}  // namespace

Result<std::string> list_buckets(const CatalogSnapshot& catalog, const auth::Identity& who,
                                 const FormFields& parameters) {
  const auto id = parameters.get("id");
  const auto name = parameters.get("name");
  if (!id.empty() && !name.empty() && id != name) {
    return fail(ErrorCode::kInvalidInput, "list buckets: name: " + quoted(name) +
                                              " and id: " + quoted(id) + " do not match");
  }
  if (!id.empty() || !name.empty()) {
    return "{\"buckets\":[" + TRY(find_bucket(catalog, who, id.empty() ? name : id)) + "]}";
  }
  Page page = TRY(read_page(catalog, parameters));
  std::string out = "{\"buckets\":[";
  for (const auto& [key, database] : catalog.databases) {
    if (!who.may(catalog, database->name, Grant::kRead)) continue;
    for (const PolicyRef& policy : database->policies) {
      if (!page.after.empty()) {
        if (database->name + "/" + policy->name == page.after) page.after = {};
        continue;
      }
      if (page.offset > 0) {
        --page.offset;
        continue;
      }
      if (page.limit == 0) continue;
      --page.limit;
      if (!out.ends_with('[')) out += ',';
      append_bucket(out, *database, *policy);
    }
  }
  return out + "]}";
}

Result<std::string> find_bucket(const CatalogSnapshot& catalog, const auth::Identity& who,
                                std::string_view bucket) {
  const Found found = TRY(find(catalog, bucket));
  TRY_VOID(who.check_read(catalog, found.database->name));
  std::string out;
  append_bucket(out, *found.database, *found.policy);
  return out;
}

void handle_buckets(const CatalogSnapshot& catalog, const auth::Identity& who,
                    const HttpRequest& request, const Reply& reply) {
  if (who.is_before_users()) return reply.send_error(403, "list buckets - user is required");
  std::string_view rest = std::string_view(request.path).substr(kBucketsPath.size());
  if (rest.starts_with('/')) rest.remove_prefix(1);
  auto document = rest.empty() ? list_buckets(catalog, who, request.parameters)
                               : find_bucket(catalog, who, rest);
  if (!document) return reply.send_error(document.error());
  reply.send(200, "application/json", std::move(*document));
}

}  // namespace varve::influx
