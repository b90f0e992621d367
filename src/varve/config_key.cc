// SPDX-License-Identifier: Apache-2.0
#include "varve/config_key.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace varve {
namespace {

constexpr int64_t kGiB = int64_t{1} << 30;
constexpr int64_t kDayMs = 86'400'000;
using enum ConfigKind;

constexpr auto kKeys = std::to_array<ConfigKey>({
    {"server", "http_addr", kAddress, "127.0.0.1:8086",
     "Where the HTTP API listens: host:port, or \"off\". Port 0 picks a free one."},
    {"server", "max_body_size_bytes", kBytes, "26214400",
     "The largest request body, before and after decompression. Larger ones get a 413.", 1,
     4 * kGiB},
    {"server", "max_bodies_size_bytes", kBytes, "512MiB",
     "All request bodies in memory together. Beyond it requests get a 503.", 1 << 20, 1024 * kGiB},
    {"server", "max_header_size_bytes", kBytes, "1MiB",
     "Request line and header fields of one request. Larger ones get a 431.", 256, 64 << 20},
    {"server", "max_connections", kInteger, "10000", "Open client connections.", 1, 1'000'000},
    {"server", "net_threads", kInteger, "0", "Event loops; 0: one for each core.", 0, 1024},
    {"server", "query_threads", kInteger, "0", "Queries that run at once; 0: two for each core.", 0,
     4096},
    {"server", "query_queue_max", kInteger, "1000",
     "Queries that wait for a thread. Beyond it queries get a 503.", 1, 1'000'000},
    {"server", "query_timeout_secs", kInteger, "300",
     "How long a query may take, all its statements together; 0: without limit.", 0, 86'400},
    {"server", "idle_timeout", kDuration, "3m", "Between two requests of a connection.", 1, kDayMs},
    {"server", "header_timeout", kDuration, "10s", "For the head of a request to arrive.", 1,
     kDayMs},
    {"server", "body_timeout", kDuration, "30s",
     "For a request body to arrive, plus a second for each 16 KiB of it.", 1, kDayMs},
    {"server", "write_timeout", kDuration, "1m", "For a client to take one piece of its answer.", 1,
     kDayMs},
    {"server", "shutdown_timeout", kDuration, "5s",
     "How long requests in flight may take when the server stops.", 0, kDayMs},
    {"server", "tls_enabled", kBoolean, "false",
     "Speak HTTPS, and nothing else, where the HTTP API listens. SIGHUP reads the files again."},
    {"server", "tls_cert_path", kText, "",
     "The PEM file of the server's certificate, with those between it and the root."},
    {"server", "tls_key_path", kText, "", "The PEM file of its private key, without a passphrase."},

    {"auth", "enabled", kBoolean, "false",
     "Ask every client who it is. Before there is a user, only CREATE USER … WITH ALL PRIVILEGES "
     "works."},
    {"auth", "jwt_shared_secret", kText, "",
     "What bearer tokens are signed with (HS256); empty: no bearer tokens."},
    {"auth", "allow_query_param_credentials", kBoolean, "true",
     "Take credentials from the parameters u and p, too."},
    {"auth", "ping_auth_enabled", kBoolean, "false", "Ask at /ping and /status, too."},
    {"auth", "metrics_auth_enabled", kBoolean, "false", "Show /metrics to administrators only."},

    {"storage", "data_dir", kText, "./data", "The folder that holds everything."},
    {"storage", "shards", kInteger, "1",
     "Writer threads, each with a log of its own. Fixed when the folder is made.", 1, 1024},
    {"storage", "memtable_bytes_max", kBytes, "256MiB",
     "Rows in memory of one shard before they are written out; twice as much refuses writes.",
     1 << 20, 1024 * kGiB},
    {"storage", "memtable_idle_max", kDuration, "5s",
     "When no row has come for so long, rows are written out if they fill a file of their own.",
     100, 30 * kDayMs},
    {"storage", "memtable_age_max", kDuration, "1h", "Rows older than this are written out.", 1'000,
     30 * kDayMs},
    {"storage", "block_cache_bytes", kBytes, "128MiB", "Decoded columns that queries share.", 0,
     1024 * kGiB},
    {"storage", "open_files_max", kInteger, "1000",
     "Sorted files that stay open; others are opened when they are needed.", 1, 1'000'000},
    {"storage", "open_files_bytes_max", kBytes, "64MiB",
     "Memory for footers and indexes of open files.", 0, 1024 * kGiB},
    {"storage", "scan_pinned_bytes_max", kBytes, "128MiB",
     "Decoded columns that one scan keeps to itself.", 1 << 20, 1024 * kGiB},
    {"storage", "sst_layout", kChoice, "packed",
     "How new sorted files hold their rows; older files keep theirs.", 0, 0,
     "columnar|hybrid|packed"},
    {"storage", "row_group_rows_max", kInteger, "16384", "Rows of one Parquet row group.", 1'024,
     131'072},
    {"storage", "compaction_files_min", kInteger, "8",
     "Files of one table and segment that are merged into one.", 2, 1'000},
    {"storage", "compaction_bytes_max", kBytes, "2GiB", "Larger files are left alone.", 1 << 20,
     1024 * kGiB},

    {"storage.object_store", "bucket", kText, "",
     "The bucket of an S3 service that keeps sorted files and snapshots; empty: data_dir does."},
    {"storage.object_store", "prefix", kText, "",
     "Before the name of every object. A prefix belongs to one data directory."},
    {"storage.object_store", "endpoint", kText, "",
     "Such as \"https://s3.example.com:9000\"; empty: AWS_ENDPOINT_URL, else Amazon's."},
    {"storage.object_store", "region", kText, "",
     "Empty: AWS_REGION or AWS_DEFAULT_REGION, else us-east-1."},
    {"storage.object_store", "access_key", kText, "",
     "Empty: AWS_ACCESS_KEY_ID and its like, else the profile AWS_PROFILE of ~/.aws/credentials."},
    {"storage.object_store", "secret_key", kText, "", "Belongs to access_key.", 0, 0, {}, true},
    {"storage.object_store", "session_token", kText, "", "Belongs to a temporary access_key.", 0, 0,
     {}, true},
    {"storage.object_store", "addressing", kChoice, "auto",
     "Where the bucket stands in a request: path, virtual (in the host's name), or auto (virtual "
     "for Amazon's, path for an endpoint).", 0, 0, "auto|path|virtual"},
    {"storage.object_store", "ca_file", kText, "",
     "Certificates to trust, a PEM file; empty: AWS_CA_BUNDLE, else the system's."},
    {"storage.object_store", "disk_cache", kBytes, "10GiB",
     "Copies in data_dir of what the bucket holds; the least recently used go.", 16 << 20,
     1'048'576 * kGiB},
    {"storage.object_store", "disk_free_min", kBytes, "1GiB",
     "Copies also go while the disk has less left: the log needs it.", 0, 1'048'576 * kGiB},
    {"storage.object_store", "parallel_requests", kInteger, "4",
     "Requests at once for one large read or upload.", 1, 64},
    {"storage.object_store", "connect_timeout", kDuration, "3s", "For a connection.", 1, kDayMs},
    {"storage.object_store", "stall_timeout", kDuration, "10s",
     "For the next byte of a request or an answer.", 1, kDayMs},
    {"storage.object_store", "retry_total", kDuration, "30s",
     "How long a request is tried again before its error is told.", 0, kDayMs},
    {"storage.object_store", "snapshot_interval", kDuration, "10s",
     "How often manifests and catalog are uploaded when they changed; objects that are not needed "
     "any more are deleted after it.", 100, kDayMs},

    {"compaction", "strategy", kChoice, "default",
     "Which sorted files are merged: default (what saves most files for the bytes rewritten), "
     "size_tiered (files of like sizes), time_window (the same, newest segments first).", 0, 0,
     "default|size_tiered|time_window"},
    {"compaction", "bucket_low_percent", kInteger, "50",
     "size_tiered, time_window: files of like sizes have so much of their mean at least.", 1, 100},
    {"compaction", "bucket_high_percent", kInteger, "150",
     "size_tiered, time_window: files of like sizes have so much of their mean at most.", 100,
     10'000},
    {"compaction", "min_sstable_size", kBytes, "50MiB",
     "size_tiered, time_window: all files below it are alike.", 1, 1024 * kGiB},
    {"compaction", "min_threshold", kInteger, "4",
     "size_tiered, time_window: a merge reads so many files at least.", 2, 1'000},
    {"compaction", "max_threshold", kInteger, "16",
     "size_tiered, time_window: a merge reads so many files at most.", 2, 1'000},
    {"compaction", "max_input_bytes", kBytes, "1200MB",
     "size_tiered, time_window: a merge reads no more.", 1 << 20, 1024 * kGiB},
    {"compaction", "cold_after", kDuration, "1h",
     "A segment that has ended and got no file for so long becomes one file.", 1'000,
     365 * kDayMs},
    {"compaction", "bytes_per_second", kBytes, "0",
     "Merges of one shard read no more in a second; 0: no limit.", 0, 1024 * kGiB},

    {"wal", "sync", kChoice, "commit",
     "When an acknowledged write is on the disk: commit (before the answer), interval, off.", 0, 0,
     "commit|interval|off"},
    {"wal", "interval_ms", kInteger, "100", "With sync = \"interval\": how often.", 1, 60'000},
    {"wal", "segment_bytes", kBytes, "64MiB", "Size of one log file.", 64 << 10, 4 * kGiB},
    {"wal", "segments_recycled_max", kInteger, "2", "Log files kept for another use.", 0, 1'000},
    {"wal", "bytes_max", kBytes, "256MiB", "A longer log makes its shard write rows out.", 1 << 20,
     1024 * kGiB},

    {"limits", "tables_per_policy_max", kInteger, "1000000", "Measurements of a retention policy.",
     1},
    {"limits", "columns_per_table_max", kInteger, "100000", "Tags and fields of a measurement.", 1},
    {"limits", "fields_per_point_max", kInteger, "100000", "Fields of one point.", 1},
    {"limits", "series_cached_max", kInteger, "1000000",
     "Series that each writing thread recognises without a lookup.", 1'024},
    {"limits", "write_queue_requests_max", kInteger, "10000",
     "Writes that wait for a shard. Beyond it writes get a 503.", 1},
    {"limits", "write_queue_bytes_max", kBytes, "256MiB",
     "Bytes of writes that wait for a shard. Beyond it writes get a 503.", 1 << 20},
    {"limits", "new_schema_requests_max", kInteger, "1000",
     "Writes that wait for a new table, column or segment. Beyond it writes get a 503.", 1},
    {"limits", "select_series_max", kInteger, "0", "Series that one SELECT may touch; 0: any."},
    {"limits", "select_windows_max", kInteger, "0",
     "Windows of GROUP BY time that one SELECT may span; 0: any."},
    {"limits", "query_memory_bytes_max", kBytes, "1GiB", "What one statement may hold in memory.",
     1 << 20},

    {"rate_limit", "enabled", kBoolean, "false",
     "Limit how many requests a second are taken, whoever sends them."},
    {"rate_limit", "max_requests_per_second", kInteger, "0",
     "Of writes, and of queries. Beyond it requests get a 429; 0: no limit.", 0, 1'000'000'000},

    {"cardinality", "max_tag_values_per_measurement", kInteger, "0",
     "Different values that a tag may have in a measurement of a policy. A write beyond it gets a "
     "422 and nothing of it is stored; what is known goes on. 0: no limit.", 0, 1'000'000'000},
    {"cardinality", "max_measurements_per_database", kInteger, "0",
     "The same for measurements. 0: no limit.", 0, 1'000'000'000},
    {"cardinality", "max_series_per_database", kInteger, "0",
     "The same for series, over all policies. 0: no limit.", 0, 1'000'000'000},

    {"memory", "limit", kBytes, "0",
     "What the whole server may hold in memory; 0: half of the machine's, or of the control "
     "group's. Near it the cache shrinks, then writes get a 503, then queries fail. From 256MiB on "
     "it is never exceeded, with less and many clients by some MiB; at least 64MiB."},

    {"logging", "level", kChoice, "info", "trace, debug, info, warn, error or off.", 0, 0,
     "trace|debug|info|warn|error|off"},
    {"logging", "format", kChoice, "text", "text or json.", 0, 0, "text|json"},
    {"logging", "file", kText, "", "Where log lines go; empty: standard error."},
    {"logging", "slow_query_after", kDuration, "0s",
     "Statements that take as long are logged, without their passwords; 0s: none.", 0, kDayMs},

    {"statement_summary", "max_entries", kInteger, "1000",
     "Shapes of statements whose cost /api/v1/statements tells; 0: none.", 0, 100'000},

    {"retention", "enabled", kBoolean, "true",
     "Drop the rows that retention policies do not keep any longer."},
    {"retention", "check_interval", kDuration, "30m",
     "How often such rows are looked for, besides at the start.", 10, 30 * kDayMs},

    {"udp", "addr", kAddress, "off",
     "Where line protocol is taken by UDP: host:port, or \"off\". Nobody is asked who they are."},
    {"udp", "database", kText, "udp", "The database that it goes to; made when it is missing."},
    {"udp", "retention_policy", kText, "", "The policy in it; empty: the default one."},
    {"udp", "precision", kChoice, "ns", "The unit of its times.", 0, 0, "ns|u|ms|s|m|h"},
    {"udp", "batch_bytes_max", kBytes, "1MiB", "Datagrams are stored together up to this size.",
     64 << 10, 64 << 20},
    {"udp", "batch_timeout", kDuration, "1s", "And no later than after this time.", 1, kDayMs},
    {"udp", "read_buffer", kBytes, "0", "The socket's receive buffer; 0: the system's default.", 0,
     1 << 30},

    {"collect", "host", kBoolean, "false",
     "Record figures of this machine in the database \"host\"."},
    {"collect", "interval", kDuration, "1s", "How often.", 100, kDayMs},
});

struct Unit {
  std::string_view name;
  int64_t factor;
};
constexpr auto kByteUnits = std::to_array<Unit>({{"", 1},
                                                 {"B", 1},
                                                 {"KiB", 1ll << 10},
                                                 {"MiB", 1ll << 20},
                                                 {"GiB", 1ll << 30},
                                                 {"TiB", 1ll << 40},
                                                 {"kB", 1'000},
                                                 {"MB", 1'000'000},
                                                 {"GB", 1'000'000'000}});
constexpr auto kTimeUnits = std::to_array<Unit>(
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}});

/// A whole number and a unit of the list.
std::optional<int64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  auto rest = text.substr(static_cast<size_t>(end - text.data()));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  for (const auto& unit : units) {
    if (unit.name != rest) continue;
    int64_t value = 0;
    if (__builtin_mul_overflow(number, unit.factor, &value)) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

/// The shortest text of a quantity: the largest unit that divides it.
std::string quantity_text(int64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const auto& unit : units) {
    if (value != 0 && value % unit.factor == 0 && unit.factor >= best->factor) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

bool is_choice(std::string_view choices, std::string_view word) {
  while (!choices.empty()) {
    const auto end = choices.find('|');
    if (choices.substr(0, end) == word) return true;
    choices = end == std::string_view::npos ? std::string_view{} : choices.substr(end + 1);
  }
  return false;
}

bool is_address(std::string_view text) {
  if (text == "off") return true;
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto port = parse_quantity(text.substr(colon + 1), std::span(kByteUnits).first(1));
  return port && *port >= 0 && *port <= 65'535;
}

std::string number_text(const ConfigKey& key, int64_t value) {
  if (key.kind == kBytes) return quantity_text(value, std::span(kByteUnits).subspan(1, 5));
  if (key.kind == kDuration) return quantity_text(value, kTimeUnits);
  return std::to_string(value);
}

std::string allowed_text(const ConfigKey& key) {
  const bool open = key.value_max == std::numeric_limits<int64_t>::max();
  switch (key.kind) {
    case kText:
      return "a text";
    case kBoolean:
      return "true or false";
    case kAddress:
      return "host:port with a port up to 65535, or \"off\"";
    case kChoice: {
      std::string words(key.choices);
      std::replace(words.begin(), words.end(), '|', ' ');
      return "one of: " + words;
    }
    default:
      break;
  }
  const std::string what = key.kind == kInteger ? "a whole number "
                           : key.kind == kBytes ? "a number of bytes, like \"64MiB\", "
                                                : "a duration, like \"1s\", ";
  const std::string low = number_text(key, key.value_min);
  return what +
         (open ? "from " + low : "between " + low + " and " + number_text(key, key.value_max));
}

Error refusal(const ConfigKey& key, std::string_view given) {
  return {ErrorCode::kInvalidInput,
          key.path() + " is " + std::string(given) + "; it must be " + allowed_text(key)};
}

size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<size_t> row(right.size() + 1);
  for (size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= left.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= right.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (left[i - 1] != right[j - 1])});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string ConfigKey::path() const { return std::string(section) + "." + std::string(name); }

std::span<const ConfigKey> config_keys() { return kKeys; }

const ConfigKey* find_config_key(std::string_view section, std::string_view name) {
  const auto found = std::find_if(kKeys.begin(), kKeys.end(), [&](const ConfigKey& key) {
    return key.section == section && key.name == name;
  });
  return found == kKeys.end() ? nullptr : &*found;
}

std::string similar_config_key(std::string_view path) {
  std::string best;
  size_t best_distance = 4;
  for (const auto& key : kKeys) {
    const size_t distance = edit_distance(key.path(), path.substr(0, 100));
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = key.path();
  }
  return best;
}

Result<ConfigValue> parse_config_value(const ConfigKey& key, std::string_view text) {
  switch (key.kind) {
    case kBoolean:
      if (text == "true") return ConfigValue(true);
      if (text == "false") return ConfigValue(false);
      return fail(refusal(key, toml_quote(text)));
    case kInteger: {
      const auto number = parse_quantity(text, std::span(kByteUnits).first(1));
      if (!number) return fail(refusal(key, toml_quote(text)));
      return check_config_value(key, *number);
    }
    default:
      return check_config_value(key, std::string(text));
  }
}

Result<ConfigValue> check_config_value(const ConfigKey& key, const ConfigValue& given) {
  const auto* text = std::get_if<std::string>(&given);
  const std::string given_text = text ? toml_quote(*text)
                                 : std::holds_alternative<bool>(given)
                                     ? std::get<bool>(given) ? "true" : "false"
                                     : std::to_string(std::get<int64_t>(given));
  const auto refuse = [&] { return fail(refusal(key, given_text)); };
  std::optional<int64_t> number;
  switch (key.kind) {
    case kBoolean:
      if (!std::holds_alternative<bool>(given)) return refuse();
      return given;
    case kText:
      if (!text) return refuse();
      return given;
    case kChoice:
      if (!text || !is_choice(key.choices, *text)) return refuse();
      return given;
    case kAddress:
      if (!text || !is_address(*text)) return refuse();
      return given;
    case kDuration:
      if (text) number = parse_quantity(*text, kTimeUnits);
      break;
    case kInteger:
    case kBytes:
      if (text && key.kind == kBytes) number = parse_quantity(*text, kByteUnits);
      if (std::holds_alternative<int64_t>(given)) number = std::get<int64_t>(given);
      break;
  }
  if (!number || *number < key.value_min || *number > key.value_max) return refuse();
  return ConfigValue(*number);
}

std::string config_value_text(const ConfigKey& key, const ConfigValue& value) {
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return toml_quote(*text);
  const int64_t number = std::get<int64_t>(value);
  const std::string shown = number_text(key, number);
  if (key.kind == kInteger) return shown;
  // Bytes without a handy unit are plain numbers, so that they can be read back.
  if (key.kind == kBytes && shown.ends_with('B') && !shown.ends_with("iB")) {
    return std::to_string(number);
  }
  return toml_quote(shown);
}

std::string toml_quote(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += "\\u00";
      quoted += kDigits[byte >> 4];
      quoted += kDigits[byte & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace varve
