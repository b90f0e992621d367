// SPDX-License-Identifier: Apache-2.0
#include "varve/command_line.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "varve/version.h"

namespace varve {
namespace {

constexpr const char* kServeExamples = R"(Examples:
  varve serve --data-dir /var/lib/varve
  varve serve --http-addr 0.0.0.0:8086 --set wal.sync=interval
  varve serve --collect-host --welcome        # see figures of this machine at once
  VARVE__LOGGING__LEVEL=debug varve serve --config varve.toml
Every setting: varve config show)";

constexpr const char* kQueryExamples = R"(Examples:
  varve query 'SHOW DATABASES'
  varve query 'SELECT mean(usage_user) FROM cpu WHERE time > now() - 5m GROUP BY time(1m)' --db host
  varve query 'SELECT * FROM cpu' --db host --format csv > cpu.csv
  varve query 'SHOW USERS' --url https://db.example:8086 --user ann
  varve query --db host             # a shell: type statements, "help" lists its commands
  varve query --db host < statements.iql
A statement that fails makes the exit status 1.)";

constexpr const char* kImportExamples = R"(Examples:
  varve import points.lp.gz --db plant
  varve import points.lp --db plant --precision s --batch-lines 20000
  varve import points.lp.gz --db plant --resume     # after an interruption
  varve import exported.gz                          # of varve export or influx_inspect export
Lines that are refused stand in FILE.errors with their line numbers.)";

constexpr const char* kExportExamples = R"(Examples:
  varve export --db plant --out plant.lp.gz --gzip
  varve export --db plant --measurement cpu --start 2026-01-01T00:00:00Z --end 2026-02-01T00:00:00Z
  varve export --out all.lp; varve import all.lp --url other:8086
`varve import` and `influx -import` read what is exported.)";

/// Flags that stand for a key of the configuration, and --set for all the others.
class ConfigFlags {
 public:
  void add_to(CLI::App& app) {
    app.add_option("--config", config_path_, "TOML file to read")->type_name("FILE");
    add(app, "--data-dir", "storage.data_dir", "folder that holds everything", "DIR");
    add(app, "--http-addr", "server.http_addr", "where to listen; port 0: any, \"off\": nowhere",
        "HOST:PORT");
    add(app, "--wal-sync", "wal.sync", "commit, interval or off", "WHEN");
    add(app, "--log-level", "logging.level", "trace, debug, info, warn, error or off", "LEVEL");
    add(app, "--log-format", "logging.format", "text or json", "FORMAT");
    app.add_flag("--collect-host", collect_host_,
                 "record figures of this machine in the database \"host\"");
    app.add_option("--set", settings_, "any other key; may be repeated")
        ->type_name("SECTION.KEY=VALUE")
        ->expected(1)
        ->take_all();
  }

  const std::string& config_path() const { return config_path_; }

  std::vector<ConfigOverride> overrides() const {
    std::vector<ConfigOverride> all;
    for (const auto& setting : settings_) {
      const auto equals = setting.find('=');
      if (equals == std::string::npos) {
        throw CLI::ValidationError("--set " + setting, "is not of the form SECTION.KEY=VALUE");
      }
      all.push_back({setting.substr(0, equals), setting.substr(equals + 1), "flag --set"});
    }
    for (const auto& [flag, value] : values_) {
      if (value.given) all.push_back({value.path, *value.given, "flag " + flag});
    }
    if (collect_host_) all.push_back({"collect.host", "true", "flag --collect-host"});
    return all;
  }

 private:
  struct Value {
    std::string path;
    std::optional<std::string> given;
  };

  void add(CLI::App& app, const char* flag, const char* path, const char* doc, const char* type) {
    auto& value = values_[flag];
    value.path = path;
    app.add_option_function<std::string>(
           flag, [&value](const std::string& text) { value.given = text; }, doc)
        ->type_name(type);
  }

  std::string config_path_;
  std::vector<std::string> settings_;
  std::map<std::string, Value> values_;
  bool collect_host_ = false;
};

constexpr const char* kServerDoc = "server to ask [127.0.0.1:8086]";

void add_query_options(CLI::App& app, QueryArguments& arguments) {
  static const std::map<std::string, PrintFormat> kFormats{
      {"table", PrintFormat::kTable},
      {"column", PrintFormat::kTable},
      {"csv", PrintFormat::kCsv},
      {"json", PrintFormat::kJson}};
  auto* text = app.add_option("text", arguments.text,
                              "statements in InfluxQL, separated by \";\"; without any they are "
                              "read from standard input, at a terminal as a shell");
  text->type_name("QUERY");
  app.add_option("--execute", arguments.text, "the same as QUERY")
      ->type_name("QUERY")
      ->excludes(text);
  app.add_option("--db", arguments.database, "database of names without one")->type_name("NAME");
  app.add_option("--rp", arguments.policy, "retention policy of names without one")
      ->type_name("NAME");
  add_server_options(app, arguments.server, kServerDoc);
  app.add_option("--format", arguments.format, "table (or column), csv or json")
      ->type_name("FORMAT")
      ->transform(CLI::CheckedTransformer(kFormats).description(""));
  auto* epoch = app.add_option("--epoch", arguments.epoch,
                               "times as numbers of this unit: ns, u, ms, s, m or h");
  epoch->type_name("UNIT");
  app.add_option_function<std::string>(
         "--precision",
         [&arguments](const std::string& unit) {
           arguments.epoch = unit == "rfc3339" ? std::string() : unit;
         },
         "the same, or rfc3339: times as text")
      ->type_name("UNIT")
      ->check(CLI::IsMember({"rfc3339", "ns", "u", "ms", "s", "m", "h"}).description(""))
      ->excludes(epoch);
}

void add_import_options(CLI::App& app, ImportArguments& arguments) {
  app.add_option("file", arguments.path,
                 "line protocol, with DDL and DML sections or without, also gzipped")
      ->required()
      ->type_name("FILE");
  app.add_option("--db", arguments.database,
                 "database to write to, made when missing, unless the file says where")
      ->type_name("NAME");
  app.add_option("--rp", arguments.policy, "retention policy to write to")->type_name("NAME");
  add_server_options(app, arguments.server, kServerDoc);
  app.add_option("--precision", arguments.precision, "unit of the times: ns, u, ms, s, m or h")
      ->type_name("UNIT")
      ->check(CLI::IsMember({"n", "ns", "u", "ms", "s", "m", "h"}).description(""))
      ->capture_default_str();
  app.add_option("--batch-lines", arguments.batch_lines, "lines of one request")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->capture_default_str();
  app.add_option("--connections", arguments.connections, "requests at once")
      ->type_name("N")
      ->check(CLI::Range(1, 64).description(""))
      ->capture_default_str();
  app.add_flag("--resume", arguments.resume, "continue where an earlier import stopped");
}

void add_export_options(CLI::App& app, ExportArguments& arguments) {
  app.add_option("--db", arguments.database, "only this database")->type_name("NAME");
  app.add_option("--rp", arguments.policy, "only this retention policy")->type_name("NAME");
  app.add_option("--measurement", arguments.measurement, "only this measurement")
      ->type_name("NAME");
  app.add_option("--start", arguments.start, "rows from this time on: RFC 3339 or nanoseconds")
      ->type_name("TIME");
  app.add_option("--end", arguments.end, "rows before this time")->type_name("TIME");
  app.add_option("--out", arguments.out, "file to write; \"-\": standard output")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_flag("--gzip", arguments.gzip, "compress");
  add_server_options(app, arguments.server, kServerDoc);
}

}  // namespace

Command parse_command_line(std::vector<std::string> arguments) {
  CLI::App app("Varve, a time-series database. `varve COMMAND --help` says more.", "varve");
  app.require_subcommand(1);
  app.set_version_flag("--version", "varve " + std::string(kVersion));

  auto* serve = app.add_subcommand("serve", "Run the server");
  ConfigFlags serve_flags;
  bool welcome = false;
  serve_flags.add_to(*serve);
  serve->add_flag("--welcome", welcome, "say after the start how to write and read");
  serve->footer(kServeExamples);

  auto* query = app.add_subcommand("query", "Ask a running server in InfluxQL");
  QueryArguments query_arguments;
  add_query_options(*query, query_arguments);
  query->footer(kQueryExamples);

  auto* import = app.add_subcommand("import", "Write a file of line protocol to a running server");
  ImportArguments import_arguments;
  add_import_options(*import, import_arguments);
  import->footer(kImportExamples);

  auto* exports =
      app.add_subcommand("export", "Print what a running server holds as line protocol");
  ExportArguments export_arguments;
  add_export_options(*exports, export_arguments);
  exports->footer(kExportExamples);

  auto* config = app.add_subcommand("config", "Look at the configuration");
  config->require_subcommand(1);
  auto* show = config->add_subcommand(
      "show", "Print every key, its value, and where the value comes from, as a TOML file");
  ConfigFlags config_flags;
  config_flags.add_to(*show);

  BackupArguments backup_arguments;
  const auto* backup = add_backup_command(app, backup_arguments);
  RestoreArguments restore_arguments;
  const auto* restore = add_restore_command(app, restore_arguments);
  VerifyArguments verify_arguments;
  const auto* verify = add_verify_command(app, verify_arguments);
  InspectArguments inspect_arguments;
  const auto* inspect = add_inspect_command(app, inspect_arguments);

  if (arguments.empty()) return PrintedAnswer{app.help(), 2};
  const std::string& first = arguments.front();
  const auto known = app.get_subcommands([&](CLI::App* each) { return each->get_name() == first; });
  if (!first.starts_with('-') && known.empty()) {
    return PrintedAnswer{"varve: there is no command \"" + first + "\"\n\n" + app.help(), 2};
  }
  if (first == "query") {
    // Source: InfluxDB 1.8, the "influx" program, whose long flags have one dash.
    std::replace(arguments.begin(), arguments.end(), std::string("-execute"),
                 std::string("--execute"));
  }
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes the last word first.
    app.parse(std::move(arguments));
    if (serve->parsed()) {
      return ServeArguments{serve_flags.config_path(), serve_flags.overrides(), welcome};
    }
    if (query->parsed()) return query_arguments;
    if (import->parsed()) return import_arguments;
    if (exports->parsed()) return export_arguments;
    if (backup->parsed()) return backup_arguments;
    if (restore->parsed()) return restore_arguments;
    if (verify->parsed()) return verify_arguments;
    if (inspect->parsed()) return inspect_arguments;
    return ConfigArguments{config_flags.config_path(), config_flags.overrides()};
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream complaint;
    const int status = app.exit(error, out, complaint);
    return PrintedAnswer{out.str() + complaint.str(), status == 0 ? 0 : 2};
  }
}

}  // namespace varve
