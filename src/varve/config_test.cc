// SPDX-License-Identifier: Apache-2.0
#include "varve/config.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

TEST(Config, BeginsWithItsDefaults) {
  const Config config;
  EXPECT_EQ(config.text("server.http_addr"), "127.0.0.1:8086");
  EXPECT_EQ(config.integer("server.max_body_size_bytes"), 26'214'400);
  EXPECT_EQ(config.integer("wal.segment_bytes"), 64 << 20);
  EXPECT_EQ(config.duration_ms("server.idle_timeout"), 180'000);
  EXPECT_FALSE(config.boolean("collect.host"));
  EXPECT_EQ(config.text("wal.sync"), "commit");
}

TEST(Config, LaterSourcesWin) {
  Config config;
  ASSERT_TRUE(
      config.read_toml("[wal]\nsync = 'off'\ninterval_ms = 7\nsegment_bytes = '1MiB'\n"
                       "[collect]\nhost = true\ninterval = '250ms'\n",
                       "my.toml"));
  EXPECT_EQ(config.text("wal.sync"), "off");
  EXPECT_EQ(config.integer("wal.interval_ms"), 7);
  EXPECT_EQ(config.integer("wal.segment_bytes"), 1 << 20);
  EXPECT_EQ(config.duration_ms("collect.interval"), 250);
  EXPECT_TRUE(config.boolean("collect.host"));
  ASSERT_TRUE(config
                  .read_environment({"PATH=/bin", "VARVE__WAL__SYNC=interval",
                                     "VARVE__=", "VARVE__WAL__INTERVAL_MS=8"})
                  .error()
                  .message.starts_with("the environment variable VARVE__ names no key"));
  ASSERT_TRUE(config.read_environment(
      {"PATH=/bin", "VARVE__WAL__SYNC=interval", "HYPERBYTEDB__WAL__SYNC=commit",
       "HYPERBYTEDB__WAL__INTERVAL_MS=9", "HYPERBYTEDB__CLUSTER__ENABLED=true"}));
  EXPECT_EQ(config.text("wal.sync"), "interval");
  EXPECT_EQ(config.integer("wal.interval_ms"), 9);
  ASSERT_TRUE(config.set("wal.sync", "commit", "flag --wal-sync"));
  EXPECT_EQ(config.text("wal.sync"), "commit");
  const auto shown = config.show();
  EXPECT_NE(shown.find("sync = \"commit\"  # flag --wal-sync\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("interval_ms = 9  # environment HYPERBYTEDB__WAL__INTERVAL_MS\n"),
            std::string::npos);
  EXPECT_NE(shown.find("segment_bytes = \"1MiB\"  # my.toml line 4\n"), std::string::npos);
  EXPECT_NE(shown.find("http_addr = \"127.0.0.1:8086\"  # default\n"), std::string::npos);
}

TEST(Config, HasSectionsInSections) {
  Config config;
  const auto read = config.read_toml(
      "[storage]\nshards = 2\n[storage.object_store]\nbucket = 'b'\nsecret_key = 'hidden'\n",
      "my.toml");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(config.integer("storage.shards"), 2);
  EXPECT_EQ(config.text("storage.object_store.bucket"), "b");
  ASSERT_TRUE(config.read_environment({"VARVE__STORAGE__OBJECT_STORE__BUCKET=c"}));
  EXPECT_EQ(config.text("storage.object_store.bucket"), "c");
  EXPECT_EQ(config.text("storage.object_store.secret_key"), "hidden");
  EXPECT_EQ(config.show().find("hidden"), std::string::npos);
  EXPECT_EQ(config.read_toml("[storage.object_store]\nbuckt = 'b'\n", "a.toml").error().message,
            "a.toml line 2: unknown key storage.object_store.buckt; did you mean "
            "storage.object_store.bucket?");
}

TEST(Config, ReadsBackWhatItShows) {
  Config config;
  ASSERT_TRUE(config.set("storage.data_dir", "a \"quoted\\\" folder\n", "test"));
  ASSERT_TRUE(config.set("server.max_body_size_bytes", "1000001", "test"));
  Config again;
  const auto read = again.read_toml(config.show(), "shown");
  ASSERT_TRUE(read) << read.error().message;
  for (const auto& key : config_keys()) {
    if (key.kind != ConfigKind::kText) continue;
    EXPECT_EQ(again.text(key.path()), config.text(key.path()));
  }
  EXPECT_EQ(again.integer("server.max_body_size_bytes"), 1'000'001);
  EXPECT_EQ(again.duration_ms("storage.memtable_age_max"), 3'600'000);
}

TEST(Config, RefusesWhatItDoesNotKnowWithItsPlace) {
  const auto refuses = [](std::string_view text, std::string_view message) {
    Config config;
    const auto read = config.read_toml(text, "a.toml");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().message, message);
  };
  refuses("[server]\n\nhttp_adr = 'x'",
          "a.toml line 3: unknown key server.http_adr; did you mean server.http_addr?");
  refuses("[server]\nzzz = 1", "a.toml line 2: unknown key server.zzz");
  refuses("[sever]\nhttp_addr = 'x'", "a.toml line 1: unknown section [sever]");
  refuses("http_addr = 'x'", "a.toml line 1: unknown key http_addr");
  refuses("[server]\nmax_connections = 0",
          "a.toml line 2: server.max_connections is 0; it must be a whole number between 1 and "
          "1000000");
  refuses("[server]\nmax_connections = 'many'",
          "a.toml line 2: server.max_connections is \"many\"; it must be a whole number between 1 "
          "and 1000000");
  refuses("[wal]\nsync = 'always'",
          "a.toml line 2: wal.sync is \"always\"; it must be one of: commit interval off");
  refuses("[wal]\nsync = true",
          "a.toml line 2: wal.sync is true; it must be one of: commit interval off");
  refuses("[server]\nidle_timeout = '0s'",
          "a.toml line 2: server.idle_timeout is \"0s\"; it must be a duration, like \"1s\", "
          "between 1ms and 1d");
  refuses("[server]\nidle_timeout = 5",
          "a.toml line 2: server.idle_timeout is 5; it must be a duration, like \"1s\", between "
          "1ms and 1d");
  refuses("[server]\nhttp_addr = 'localhost'",
          "a.toml line 2: server.http_addr is \"localhost\"; it must be host:port with a port up "
          "to 65535, or \"off\"");
  refuses("[storage]\nmemtable_bytes_max = 1.5",
          "a.toml line 2: storage.memtable_bytes_max must be a text, a whole number or true or "
          "false");
  Config config;
  EXPECT_TRUE(
      config.read_toml("[server\n", "a.toml").error().message.starts_with("a.toml line 1: "));
  EXPECT_EQ(config.set("wal.snyc", "off", "").error().message,
            "unknown configuration key wal.snyc; did you mean wal.sync?");
  EXPECT_EQ(config.read_environment({"VARVE__WAL__INTERVAL_MS=x"}).error().message,
            "VARVE__WAL__INTERVAL_MS: wal.interval_ms is \"x\"; it must be a whole number between "
            "1 and 60000");
}

TEST(Config, EveryKeyHasADocumentedDefaultInItsRange) {
  for (const auto& key : config_keys()) {
    EXPECT_TRUE(parse_config_value(key, key.default_text)) << key.path();
    EXPECT_FALSE(key.doc.empty()) << key.path();
    EXPECT_EQ(find_config_key(key.section, key.name), &key);
  }
}

}  // namespace
}  // namespace varve
