// SPDX-License-Identifier: Apache-2.0
// Signatures of the kind that S3 asks for (AWS Signature Version 4), pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace varve {

struct AwsCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  ///< Of temporary ones.
};

struct AwsRequest {
  std::string method = "GET";
  std::string path = "/";  ///< Not encoded.
  /// Not encoded; in any order.
  std::vector<std::pair<std::string, std::string>> query;
  /// With "host", without what signing adds. Names in lower case.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;
};

struct AwsSigned {
  std::string target;  ///< Path and query as they go over the wire.
  /// All headers, "authorization" among them.
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Signs for the service "s3". The body's SHA-256 is part of the signature, so that the service
/// refuses a body that changed on its way. `now_ns` since 1970.
AwsSigned sign_aws_request(AwsRequest request, const AwsCredentials& credentials,
                           std::string_view region, int64_t now_ns);

/// Everything but letters, digits and -_.~ as %XX; '/' too unless kept.
std::string aws_encode(std::string_view text, bool keeps_slash);

}  // namespace varve
