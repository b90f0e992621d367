// SPDX-License-Identifier: Apache-2.0
#include "varve/options.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

TEST(Options, TakeTheirDefaultsFromTheRooms) {
  const Config config;
  const auto http = http_options(config);
  ASSERT_TRUE(http);
  const HttpServerOptions http_default;
  EXPECT_EQ(http->host, http_default.host);
  EXPECT_EQ(http->port, http_default.port);
  EXPECT_EQ(http->body_bytes_max, http_default.body_bytes_max);
  EXPECT_EQ(http->connections_max, http_default.connections_max);
  EXPECT_EQ(http->idle_timeout_ms, http_default.idle_timeout_ms);
  const auto engine = engine_options(config, "d");
  const engine::EngineOptions engine_default;
  EXPECT_EQ(engine.directory, "d");
  EXPECT_EQ(engine.wal_sync, engine_default.wal_sync);
  EXPECT_EQ(engine.wal_segment_bytes, engine_default.wal_segment_bytes);
  EXPECT_EQ(engine.memtable_bytes_max, engine_default.memtable_bytes_max);
  EXPECT_EQ(engine.memtable_idle_max_ms, engine_default.memtable_idle_max_ms);
  EXPECT_EQ(engine.memtable_age_max_ms, engine_default.memtable_age_max_ms);
  EXPECT_EQ(engine.block_cache_bytes, engine_default.block_cache_bytes);
  EXPECT_EQ(engine.row_group_rows_max, engine_default.row_group_rows_max);
  EXPECT_EQ(engine.sst_layout, engine_default.sst_layout);
  EXPECT_EQ(engine.compaction_strategy, engine_default.compaction_strategy);
  EXPECT_EQ(engine.compaction_bucket_low, engine_default.compaction_bucket_low);
  EXPECT_EQ(engine.compaction_bucket_high, engine_default.compaction_bucket_high);
  EXPECT_EQ(engine.compaction_small_bytes, engine_default.compaction_small_bytes);
  EXPECT_EQ(engine.compaction_threshold_min, engine_default.compaction_threshold_min);
  EXPECT_EQ(engine.compaction_threshold_max, engine_default.compaction_threshold_max);
  EXPECT_EQ(engine.compaction_input_bytes_max, engine_default.compaction_input_bytes_max);
  EXPECT_EQ(engine.compaction_cold_ms, engine_default.compaction_cold_ms);
  EXPECT_EQ(engine.compaction_bytes_per_second, engine_default.compaction_bytes_per_second);
  EXPECT_EQ(engine.open_files_max, engine_default.open_files_max);
  EXPECT_EQ(engine.open_files_bytes_max, engine_default.open_files_bytes_max);
  EXPECT_EQ(engine.compaction_files_min, engine_default.compaction_files_min);
  EXPECT_EQ(ingest_options(config).raw_keys_max, IngestOptions{}.raw_keys_max);
  EXPECT_EQ(catalog_limits(config).columns_per_table_max, CatalogLimits{}.columns_per_table_max);
  EXPECT_EQ(query_options(config).memory_bytes_max, influxql::QueryOptions{}.memory_bytes_max);
  EXPECT_EQ(query_options(config).timeout_ns, 300'000'000'000);
  EXPECT_GT(query_threads(config), 0u);
}

TEST(Options, CarryWhatIsSet) {
  Config config;
  ASSERT_TRUE(config.set("server.http_addr", "[::1]:0", "test"));
  ASSERT_TRUE(config.set("wal.sync", "interval", "test"));
  ASSERT_TRUE(config.set("logging.format", "json", "test"));
  ASSERT_TRUE(config.set("server.query_threads", "3", "test"));
  EXPECT_EQ(http_options(config)->host, "::1");
  EXPECT_EQ(http_options(config)->port, 0);
  EXPECT_EQ(engine_options(config, "d").wal_sync, engine::WalSync::kInterval);
  EXPECT_EQ(log_options(config)->format, log::Format::kJson);
  EXPECT_EQ(query_threads(config), 3u);
  ASSERT_TRUE(config.set("server.http_addr", "off", "test"));
  EXPECT_FALSE(http_options(config));
}

}  // namespace
}  // namespace varve
