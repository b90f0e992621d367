// SPDX-License-Identifier: Apache-2.0
// Where the keys of an S3 service usually stand: the environment, or ~/.aws/credentials.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/aws_signature.h"
#include "io/file_system.h"

namespace varve {

/// The value of an environment variable; empty when it is not set.
using EnvironmentLookup = std::function<std::string(std::string_view name)>;

/// AWS_ACCESS_KEY_ID and its like, else the profile AWS_PROFILE (or "default") of the file
/// AWS_SHARED_CREDENTIALS_FILE (or ~/.aws/credentials). kNotFound names the places.
Result<AwsCredentials> find_aws_credentials(FileSystem& files, const EnvironmentLookup& lookup);

/// One profile of such a file; nothing when it has none of the name, or no keys in it.
std::optional<AwsCredentials> parse_aws_credentials(std::string_view text,
                                                    std::string_view profile);

}  // namespace varve
