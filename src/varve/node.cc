// SPDX-License-Identifier: Apache-2.0
#include "varve/node.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "engine/local_store.h"
#include "io/posix_file_system.h"
#include "serve/admin/door.h"
#include "serve/admin/export_door.h"
#include "serve/http/router.h"
#include "serve/http/server.h"
#include "serve/influx/door.h"
#include "serve/udp/listener.h"
#include "stream/collect/host_collector.h"
#include "stream/retention/retention_job.h"
#include "varve/bucket_snapshot.h"
#include "varve/catalog_opening.h"
#include "varve/data_directory.h"
#include "varve/node_administration.h"
#include "varve/object_storage.h"
#include "varve/options.h"
#include "varve/ownership_watch.h"
#include "varve/restore_journal.h"
#include "varve/table_labels.h"

namespace varve {
namespace {

metrics::Gauge& memory_limit =
    metrics::gauge("varve_memory_limit_bytes", "What the server may hold in memory.");

}  // namespace

// In the order of construction; the destructor goes backwards.
struct Node::State {
  PosixFileSystem files;
  SystemRandom random;
  const Clock& clock = SystemClock::instance();
  std::optional<MemoryGovernor> memory;
  std::optional<DataDirectory> directory;
  std::unique_ptr<ObjectStorage> objects;
  std::unique_ptr<BucketFileSystem> places;  // The data's files, and any bucket.
  std::unique_ptr<Catalog> catalog;
  std::vector<std::string> damage_at_start;
  std::unique_ptr<TableLabelIndex> labels;
  std::unique_ptr<engine::LocalStore> store;
  std::unique_ptr<OwnershipWatch> ownership;
  std::unique_ptr<BucketSnapshot> snapshot;
  std::unique_ptr<Ingest> ingest;
  std::unique_ptr<influxql::InfluxqlEngine> queries;
  std::unique_ptr<WorkerPool> query_pool;
  std::unique_ptr<auth::Authenticator> authenticator;
  std::unique_ptr<Access> access;
  std::unique_ptr<influx::InfluxDoor> door;
  std::unique_ptr<NodeAdministration> administration;
  std::unique_ptr<admin::AdminDoor> admin_door;
  std::unique_ptr<admin::ExportDoor> export_door;
  std::unique_ptr<HttpRouter> router;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<udp::Listener> udp;
  std::unique_ptr<collect::HostCollector> collector;
  std::unique_ptr<retention::RetentionJob> retention;
  std::optional<std::string> http_address;
  int64_t shutdown_timeout_ms = 0;
  bool is_tls = false;

  /// The files of the data directory.
  FileSystem& data_files() { return objects ? static_cast<FileSystem&>(objects->files()) : files; }
  Result<void> open_data(const Config& config);
  void open_snapshot(const Config& config);
  void finish_snapshot();
  Result<void> open_doors(const Config& config);
  void open_access(const Config& config);
  void open_admin_door();
  /// Of the store and of what the start found.
  engine::EngineHealth health() const;
  bool reload();
  Result<void> stop();
};

Result<void> Node::State::open_data(const Config& config) {
  memory.emplace(TRY(memory_limit_bytes(config)), MemoryGovernor::this_process());
  memory_limit.set(static_cast<int64_t>(memory->limit_bytes()));
  directory = TRY(DataDirectory::open(files, config.text("storage.data_dir")));
  objects = TRY(ObjectStorage::open(config, files, directory->path(), clock, random));
  places = std::make_unique<BucketFileSystem>(data_files(), join_path(directory->path(), "spool"),
                                              bucket_opener(config, files, clock, random));
  auto options = engine_options(config, directory->engine_path());
  share_memory(*memory, options);
  options.sst_ids_jump = objects != nullptr;
  auto opened = TRY(open_server_data({.local = files,
                                      .data_files = data_files(),
                                      .clock = clock,
                                      .random = random,
                                      .catalog_path = directory->catalog_path(),
                                      .engine = options},
                                     catalog_limits(config)));
  catalog = std::move(opened.catalog);
  labels = std::move(opened.labels);
  store = std::move(opened.store);
  damage_at_start = std::move(opened.damage);
  if (!directory->damage().empty()) damage_at_start.push_back(directory->damage());
  open_snapshot(config);
  // Before anything reads or writes.
  TRY_VOID(undo_interrupted_restore(files, directory->path(), *catalog, *store));
  auto for_ingest = ingest_options(config);
  share_memory(*memory, for_ingest);
  ingest = make_ingest(*catalog, *store, clock, random, for_ingest);
  auto for_queries = query_options(config);
  share_memory(*memory, for_queries);
  for_queries.storage = [this] {
    auto report = health();
    return influxql::StorageFacts{.writable = report.writable,
                                  .quarantined_files = report.quarantined_files,
                                  .deletes_pending = report.deletes_pending,
                                  .damage = std::move(report.damage)};
  };
  queries = std::make_unique<influxql::InfluxqlEngine>(
      influxql::QueryServices{.catalog = *catalog,
                              .ingest = *ingest,
                              .store = *store,
                              .admin = *store,
                              .clock = clock,
                              .random = random},
      for_queries);
  return {};
}

void Node::State::open_access(const Config& config) {
  auto options = auth_options(config);
  options.memory = &*memory;
  authenticator = std::make_unique<auth::Authenticator>(*catalog, clock, random, options);
  access = std::make_unique<Access>(
      *authenticator,
      AccessOptions{.allow_parameters = config.boolean("auth.allow_query_param_credentials")});
}

void Node::State::open_snapshot(const Config& config) {
  if (!objects) return;
  ownership = std::make_unique<OwnershipWatch>(
      objects->guard(), [this](const Error& error) { store->refuse_writes(error); });
  snapshot = std::make_unique<BucketSnapshot>(BucketSnapshotParts{
      .local = files,
      .files = objects->files(),
      .objects = objects->objects(),
      .clock = clock,
      .catalog = *catalog,
      .store = *store,
      .data_directory = directory->path(),
      .interval_ms = config.duration_ms("storage.object_store.snapshot_interval")});
  snapshot->start();
}

void Node::State::open_admin_door() {
  administration = std::make_unique<NodeAdministration>(
      BackupParts{.files = *places,
                  .clock = clock,
                  .catalog = *catalog,
                  .store = *store,
                  .data_directory = directory->path()},
      RestoreParts{.files = *places,
                   .clock = clock,
                   .random = random,
                   .catalog = *catalog,
                   .store = *store,
                   .store_admin = *store,
                   .ingest = *ingest,
                   .data_directory = directory->path()});
  admin_door = std::make_unique<admin::AdminDoor>(*administration, *access, clock);
  router = std::make_unique<HttpRouter>(*door);
  for (const auto path : {admin::kBackupPath, admin::kRestorePath, admin::kVerifyPath}) {
    router->add(std::string(path), *admin_door);
  }
  export_door = std::make_unique<admin::ExportDoor>(*catalog, *store, *access);
  router->add(std::string(admin::kExportPath), *export_door);
}

Result<void> Node::State::open_doors(const Config& config) {
  query_pool =
      std::make_unique<WorkerPool>("query", query_threads(config),
                                   static_cast<size_t>(config.integer("server.query_queue_max")));
  const auto health_report = [this] {
    auto report = health();
    return influx::HealthReport{.writable = report.writable,
                                .reason = std::move(report.reason),
                                .damage = std::move(report.damage),
                                .quarantined_files = report.quarantined_files,
                                .deletes_pending = report.deletes_pending};
  };
  open_access(config);
  const influx::DoorOptions door_options{
      .body_bytes_max = static_cast<size_t>(config.integer("server.max_body_size_bytes")),
      .ping_needs_user = config.boolean("auth.ping_auth_enabled"),
      .metrics_need_admin = config.boolean("auth.metrics_auth_enabled"),
      .requests_per_second_max =
          config.boolean("rate_limit.enabled")
              ? static_cast<uint64_t>(config.integer("rate_limit.max_requests_per_second"))
              : 0,
      .statements_max = static_cast<size_t>(config.integer("statement_summary.max_entries")),
      .slow_query_ns = config.duration_ms("logging.slow_query_after") * 1'000'000,
      .held_answer_bytes_max = std::min(size_t{256} << 20, memory->limit_bytes() / 8)};
  door = std::make_unique<influx::InfluxDoor>(*catalog, *ingest, *queries, *query_pool, *access,
                                              clock, health_report, door_options);
  open_admin_door();
  shutdown_timeout_ms = config.duration_ms("server.shutdown_timeout");
  if (auto options = http_options(config)) {
    share_memory(*memory, *options);
    is_tls = options->tls.has_value();
    const std::string host =
        options->host.find(':') == std::string::npos ? options->host : "[" + options->host + "]";
    server = std::make_unique<HttpServer>(*options, *router);
    http_address = host + ":" + std::to_string(TRY(server->start()));
  }
  if (auto options = udp_options(config)) {
    udp = std::make_unique<udp::Listener>(*catalog, *ingest, clock, *options);
    const auto port = TRY(udp->start());
    log::info("udp.listening", {{"host", options->host},
                                {"port", int64_t{port}},
                                {"database", options->target.database}});
  }
  if (config.boolean("retention.enabled")) {
    retention = std::make_unique<retention::RetentionJob>(
        *catalog, *store, clock,
        retention::RetentionOptions{
            .interval_ns = config.duration_ms("retention.check_interval") * 1'000'000});
    retention->start();
  }
  if (config.boolean("collect.host")) {
    collector = std::make_unique<collect::HostCollector>(
        *catalog, *ingest, clock, std::make_unique<collect::LinuxHostFacts>(),
        collect::HostCollectorOptions{.interval_ns =
                                          config.duration_ms("collect.interval") * 1'000'000});
    collector->start();
  }
  return {};
}

engine::EngineHealth Node::State::health() const {
  auto report = store->health();
  report.damage.insert(report.damage.begin(), damage_at_start.begin(), damage_at_start.end());
  return report;
}

bool Node::State::reload() {
  if (!is_tls) return false;
  const auto done = server->reload_tls();
  if (done) {
    log::info("tls.reloaded", {});
  } else {
    log::error("tls.not_reloaded", {{"reason", done.error().message}});
  }
  return true;
}

// The bucket then has everything that the disk has.
void Node::State::finish_snapshot() {
  snapshot->stop();
  auto uploaded = store->flush();
  if (uploaded) uploaded = snapshot->run();
  if (!uploaded) {
    log::warn("bucket_snapshot.not_finished", {{"error", uploaded.error().message}});
  }
}

Result<void> Node::State::stop() {
  if (objects) objects->hurry();
  if (udp) udp->stop();
  if (collector) collector->stop();
  if (retention) retention->stop();
  // What stop() cuts off is cancelled, so that the pool's jobs come to an end.
  if (door) door->stop();
  if (admin_door) admin_door->cancel();
  if (export_door) export_door->cancel();
  if (server && !server->stop(shutdown_timeout_ms)) {
    log::warn("serve.requests_cut_off", {{"after_ms", shutdown_timeout_ms}});
  }
  if (door) door->finish();
  if (authenticator) authenticator->stop();
  if (query_pool) query_pool->stop();
  if (admin_door) admin_door->stop();
  if (export_door) export_door->stop();
  if (ingest) ingest->stop();
  ownership.reset();
  if (snapshot) finish_snapshot();
  if (store) return store->close();
  return {};
}

Node::Node(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Node>> Node::start(const Config& config) {
  auto state = std::make_unique<State>();
  TRY_VOID(state->open_data(config));
  auto node = std::unique_ptr<Node>(new Node(std::move(state)));
  TRY_VOID(node->state_->open_doors(config));
  return node;
}

Node::~Node() {
  auto& state = *state_;
  if (state.udp) state.udp->stop();
  if (state.collector) state.collector->stop();
  if (state.retention) state.retention->stop();
  if (state.door) state.door->stop();
  if (state.admin_door) state.admin_door->cancel();
  if (state.export_door) state.export_door->cancel();
  if (state.server) state.server->stop(0);
  if (state.door) state.door->finish();
  if (state.authenticator) state.authenticator->stop();
  if (state.query_pool) state.query_pool->stop();
  if (state.admin_door) state.admin_door->stop();
  if (state.export_door) state.export_door->stop();
  if (state.ingest) state.ingest->stop();
}

std::optional<std::string> Node::http_address() const { return state_->http_address; }
const std::string& Node::data_path() const { return state_->directory->path(); }
bool Node::reload() { return state_->reload(); }
Result<void> Node::stop() { return state_->stop(); }

}  // namespace varve
