// SPDX-License-Identifier: Apache-2.0
#include "varve/options.h"

#include <algorithm>
#include <charconv>
#include <thread>
#include <tuple>
#include <utility>

#include "varve/version.h"

namespace varve {
namespace {

size_t count(const Config& config, std::string_view path) {
  return static_cast<size_t>(config.integer(path));
}

void set_compaction(const Config& config, engine::EngineOptions& options) {
  using engine::CompactionStrategy;
  const std::string strategy = config.text("compaction.strategy");
  options.compaction_strategy = strategy == "size_tiered"   ? CompactionStrategy::kSizeTiered
                                : strategy == "time_window" ? CompactionStrategy::kTimeWindow
                                                            : CompactionStrategy::kDefault;
  const auto percent = [&](const char* key) {
    return static_cast<double>(config.integer(key)) / 100;
  };
  options.compaction_bucket_low = percent("compaction.bucket_low_percent");
  options.compaction_bucket_high = percent("compaction.bucket_high_percent");
  options.compaction_small_bytes = count(config, "compaction.min_sstable_size");
  options.compaction_threshold_min =
      static_cast<uint32_t>(config.integer("compaction.min_threshold"));
  options.compaction_threshold_max =
      static_cast<uint32_t>(config.integer("compaction.max_threshold"));
  options.compaction_input_bytes_max = count(config, "compaction.max_input_bytes");
  options.compaction_cold_ms = config.duration_ms("compaction.cold_after");
  options.compaction_bytes_per_second = count(config, "compaction.bytes_per_second");
}

/// "127.0.0.1:80" or "[::1]:80", taken apart; the configuration has checked it.
std::pair<std::string, uint16_t> host_and_port(const std::string& address) {
  const auto colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  uint16_t port = 0;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  return {std::move(host), port};
}

}  // namespace

std::optional<HttpServerOptions> http_options(const Config& config) {
  const std::string& address = config.text("server.http_addr");
  if (address == "off") return std::nullopt;
  HttpServerOptions options;
  std::tie(options.host, options.port) = host_and_port(address);
  options.threads = count(config, "server.net_threads");
  options.connections_max = count(config, "server.max_connections");
  options.header_bytes_max = count(config, "server.max_header_size_bytes");
  options.body_bytes_max = count(config, "server.max_body_size_bytes");
  options.bodies_bytes_max =
      std::max(count(config, "server.max_bodies_size_bytes"), options.body_bytes_max);
  options.idle_timeout_ms = config.duration_ms("server.idle_timeout");
  options.header_timeout_ms = config.duration_ms("server.header_timeout");
  options.body_timeout_ms = config.duration_ms("server.body_timeout");
  options.write_timeout_ms = config.duration_ms("server.write_timeout");
  if (config.boolean("server.tls_enabled")) {
    options.tls = TlsFiles{.certificate_path = config.text("server.tls_cert_path"),
                           .key_path = config.text("server.tls_key_path")};
  }
  return options;
}

std::optional<udp::ListenerOptions> udp_options(const Config& config) {
  const std::string& address = config.text("udp.addr");
  if (address == "off") return std::nullopt;
  udp::ListenerOptions options;
  std::tie(options.host, options.port) = host_and_port(address);
  options.target = {.database = config.text("udp.database"),
                    .policy = config.text("udp.retention_policy")};
  options.precision = parse_precision(config.text("udp.precision")).value();
  options.batch_bytes_max = count(config, "udp.batch_bytes_max");
  options.batch_age_max_ms = config.duration_ms("udp.batch_timeout");
  options.receive_buffer_bytes = count(config, "udp.read_buffer");
  return options;
}

engine::EngineOptions engine_options(const Config& config, std::string directory) {
  engine::EngineOptions options;
  options.directory = std::move(directory);
  options.shards = static_cast<uint32_t>(config.integer("storage.shards"));
  const std::string& sync = config.text("wal.sync");
  options.wal_sync = sync == "off"        ? engine::WalSync::kOff
                     : sync == "interval" ? engine::WalSync::kInterval
                                          : engine::WalSync::kCommit;
  options.wal_sync_interval_ms = config.integer("wal.interval_ms");
  options.wal_segment_bytes = count(config, "wal.segment_bytes");
  options.wal_segments_recycled_max =
      static_cast<uint32_t>(config.integer("wal.segments_recycled_max"));
  options.wal_bytes_max = count(config, "wal.bytes_max");
  options.queue_requests_max = count(config, "limits.write_queue_requests_max");
  options.queue_bytes_max = count(config, "limits.write_queue_bytes_max");
  options.memtable_bytes_max = count(config, "storage.memtable_bytes_max");
  options.memtable_idle_max_ms = config.duration_ms("storage.memtable_idle_max");
  options.memtable_age_max_ms = config.duration_ms("storage.memtable_age_max");
  options.block_cache_bytes = count(config, "storage.block_cache_bytes");
  options.open_files_max = count(config, "storage.open_files_max");
  options.open_files_bytes_max = count(config, "storage.open_files_bytes_max");
  options.scan_pinned_bytes_max = count(config, "storage.scan_pinned_bytes_max");
  options.sst_layout = *engine::parse_sst_layout(config.text("storage.sst_layout"));
  options.row_group_rows_max = static_cast<uint32_t>(config.integer("storage.row_group_rows_max"));
  options.compaction_files_min =
      static_cast<uint32_t>(config.integer("storage.compaction_files_min"));
  options.compaction_bytes_max = count(config, "storage.compaction_bytes_max");
  set_compaction(config, options);
  return options;
}

CatalogLimits catalog_limits(const Config& config) {
  return {.columns_per_table_max = count(config, "limits.columns_per_table_max"),
          .tables_per_policy_max = count(config, "limits.tables_per_policy_max")};
}

IngestOptions ingest_options(const Config& config) {
  IngestOptions options;
  options.raw_keys_max = count(config, "limits.series_cached_max");
  options.parked_requests_max = count(config, "limits.new_schema_requests_max");
  options.fields_per_point_max = count(config, "limits.fields_per_point_max");
  options.cardinality = {
      .tag_values_per_table_max = count(config, "cardinality.max_tag_values_per_measurement"),
      .tables_per_database_max = count(config, "cardinality.max_measurements_per_database"),
      .series_per_database_max = count(config, "cardinality.max_series_per_database")};
  return options;
}

influxql::QueryOptions query_options(const Config& config) {
  return {.series_max = count(config, "limits.select_series_max"),
          .windows_max = count(config, "limits.select_windows_max"),
          .memory_bytes_max = count(config, "limits.query_memory_bytes_max"),
          .timeout_ns = config.integer("server.query_timeout_secs") * 1'000'000'000,
          .version = std::string(kVersion)};
}

auth::AuthOptions auth_options(const Config& config) {
  return {.enabled = config.boolean("auth.enabled"),
          .jwt_secret = config.text("auth.jwt_shared_secret")};
}

Result<log::Options> log_options(const Config& config) {
  return log::Options{
      .level = TRY(log::parse_level(config.text("logging.level"))),
      .format = config.text("logging.format") == "json" ? log::Format::kJson : log::Format::kText,
      .file = config.text("logging.file")};
}

Result<size_t> memory_limit_bytes(const Config& config) {
  constexpr size_t kLeastBytes = 64 << 20;
  const size_t limit = count(config, "memory.limit");
  if (limit == 0) return std::max(default_memory_limit_bytes(), kLeastBytes);
  if (limit >= kLeastBytes) return limit;
  return fail(ErrorCode::kInvalidInput, "memory.limit is " + std::to_string(limit) +
                                            " bytes; the server needs at least 64MiB");
}

void share_memory(MemoryGovernor& memory, HttpServerOptions& options) {
  options.memory = &memory;
  const size_t share = std::max(memory.limit_bytes() / 8, options.body_bytes_max);
  options.bodies_bytes_max = std::min(options.bodies_bytes_max, share);
}

void share_memory(MemoryGovernor& memory, engine::EngineOptions& options) {
  const size_t limit = memory.limit_bytes();
  options.memory = &memory;
  // Writes are refused beyond twice as much.
  options.memtable_bytes_max = std::min(options.memtable_bytes_max, limit / 8 / options.shards);
  options.queue_bytes_max = std::min(options.queue_bytes_max, limit / 8);
  options.block_cache_bytes = std::min(options.block_cache_bytes, limit / 4);
  options.scan_pinned_bytes_max = std::min(options.scan_pinned_bytes_max, limit / 32);
  options.build_bytes_max = std::min(options.build_bytes_max, limit / 32);
}

void share_memory(MemoryGovernor& memory, influxql::QueryOptions& options) {
  options.memory = &memory;
  options.memory_bytes_max = std::min(options.memory_bytes_max, memory.limit_bytes() / 4);
}

void share_memory(MemoryGovernor& memory, IngestOptions& options) {
  options.memory = &memory;
  // A cached series takes some hundred bytes in each thread that writes.
  options.raw_keys_max = std::min(options.raw_keys_max, memory.limit_bytes() / 2'048);
}

size_t query_threads(const Config& config) {
  const size_t threads = count(config, "server.query_threads");
  return threads > 0 ? threads : 2 * std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace varve
