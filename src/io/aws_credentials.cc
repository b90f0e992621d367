// SPDX-License-Identifier: Apache-2.0
#include "io/aws_credentials.h"

#include <algorithm>

namespace varve {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const auto begin = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

}  // namespace

std::optional<AwsCredentials> parse_aws_credentials(std::string_view text,
                                                    std::string_view profile) {
  AwsCredentials found;
  bool is_wanted = false;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('[') && line.ends_with(']')) {
      is_wanted = trimmed(line.substr(1, line.size() - 2)) == profile;
      continue;
    }
    const auto equals = line.find('=');
    if (!is_wanted || line.starts_with('#') || equals == std::string_view::npos) continue;
    const std::string_view name = trimmed(line.substr(0, equals));
    const std::string value(trimmed(line.substr(equals + 1)));
    if (name == "aws_access_key_id") found.access_key = value;
    if (name == "aws_secret_access_key") found.secret_key = value;
    if (name == "aws_session_token") found.session_token = value;
  }
  if (found.access_key.empty() || found.secret_key.empty()) return std::nullopt;
  return found;
}

Result<AwsCredentials> find_aws_credentials(FileSystem& files, const EnvironmentLookup& lookup) {
  AwsCredentials found{.access_key = lookup("AWS_ACCESS_KEY_ID"),
                       .secret_key = lookup("AWS_SECRET_ACCESS_KEY"),
                       .session_token = lookup("AWS_SESSION_TOKEN")};
  if (!found.access_key.empty() && !found.secret_key.empty()) return found;
  std::string path = lookup("AWS_SHARED_CREDENTIALS_FILE");
  if (path.empty() && !lookup("HOME").empty()) {
    path = join_path(lookup("HOME"), ".aws/credentials");
  }
  std::string profile = lookup("AWS_PROFILE");
  if (profile.empty()) profile = "default";
  if (!path.empty() && TRY(files.exists(path))) {
    if (auto in_file = parse_aws_credentials(TRY(read_file(files, path)), profile)) {
      return *in_file;
    }
  }
  return fail(ErrorCode::kNotFound,
              "no keys for the object store: neither storage.object_store.access_key and "
              "secret_key, nor AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, nor the profile \"" +
                  profile + "\" in " + (path.empty() ? "~/.aws/credentials" : path) +
                  " give any");
}

}  // namespace varve
