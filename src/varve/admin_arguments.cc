// SPDX-License-Identifier: Apache-2.0
#include "varve/admin_arguments.h"

#include <CLI/CLI.hpp>

#include <map>

namespace varve {
namespace {

constexpr const char* kBackupExamples = R"(Examples:
  varve backup --to /backups/plant                    # of the server on this machine
  varve backup --to /backups/plant                    # again: only what is new
  varve backup --to /backups/plant --data-dir /var/lib/varve      # no server runs
  varve backup --to s3://bucket/plant                 # keys: storage.object_store of the server
The server writes the folder; on its own file system it needs no space for rows (hard links).
Put copies on another machine: a link shares the fate of the disk.)";

constexpr const char* kRestoreExamples = R"(Examples:
  varve restore --from /backups/plant --data-dir /var/lib/varve-new
  varve restore --from /backups/plant --db plant --as plant_old
  varve restore --from /backups/plant --db plant --table cpu --merge
  varve restore --from s3://bucket/plant --data-dir /var/lib/varve-new
  varve restore --from s3://bucket/live --data-dir /var/lib/varve-new --take-over)";

constexpr const char* kVerifyExamples = R"(Examples:
  varve verify                                # the running server, else the configured folder
  varve verify --data-dir /var/lib/varve      # no server runs
  varve verify --backup /backups/plant
Exit status: 0 all is well, 1 something is damaged (a line for each) or could not be checked.)";

constexpr const char* kInspectExamples = R"(Examples:
  varve inspect manifest data/engine/shard-0/MANIFEST-3
  varve inspect sst data/engine/shard-0/12.sst --json
Nothing is changed; damaged files are read as far as they go.)";

void add_server(CLI::App& command, ServerAccess& server, std::string& config_path) {
  add_server_options(command, server, "server to ask; default: as the configuration says");
  command.add_option("--config", config_path, "TOML file that says where the server listens")
      ->type_name("FILE");
}

}  // namespace

CLI::App* add_backup_command(CLI::App& app, BackupArguments& arguments) {
  auto* command = app.add_subcommand("backup", "Keep everything in another folder");
  command->add_option("--to,--output", arguments.to, "folder of the backup; made when missing")
      ->required()
      ->type_name("DIR");
  add_server(*command, arguments.server, arguments.config_path);
  auto* offline = command->add_option("--data-dir", arguments.data_dir,
                                      "back up this folder, which no server uses");
  offline->type_name("DIR")->excludes(command->get_option("--url"));
  command->add_flag("--copy", arguments.copies, "copy files instead of linking them");
  command->footer(kBackupExamples);
  return command;
}

CLI::App* add_restore_command(CLI::App& app, RestoreArguments& arguments) {
  auto* command = app.add_subcommand("restore", "Bring back all of a backup, or a part of it");
  command->add_option("--from", arguments.from, "folder of the backup")
      ->required()
      ->type_name("DIR");
  auto* whole = command->add_option("--data-dir", arguments.data_dir,
                                    "all of it: the new folder, which must be empty");
  whole->type_name("DIR");
  auto* part = command->add_option("--db", arguments.database,
                                   "this database of the backup, into a running server");
  part->type_name("NAME")->excludes(whole);
  command->add_option("--as", arguments.as, "name of the database to make; default: the same")
      ->type_name("NAME")
      ->needs(part);
  command->add_option("--table", arguments.table, "only this table (measurement)")
      ->type_name("NAME")
      ->needs(part);
  command->add_flag("--merge", arguments.merges,
                    "write into a database or table that exists; restored rows win")
      ->needs(part);
  command->add_flag("--take-over", arguments.takes_over,
                    "of a bucket that a server used, which has ended: go on there")
      ->needs(whole);
  command->add_flag("--verify,!--no-verify", arguments.verifies,
                    "compare checksums of all files (default)");
  add_server(*command, arguments.server, arguments.config_path);
  command->get_option("--url")->needs(part);
  command->footer(kRestoreExamples);
  return command;
}

CLI::App* add_verify_command(CLI::App& app, VerifyArguments& arguments) {
  auto* command = app.add_subcommand("verify", "Check every checksum there is");
  auto* offline = command->add_option("--data-dir", arguments.data_dir,
                                      "check this folder, which no server uses; changes nothing");
  offline->type_name("DIR");
  add_server(*command, arguments.server, arguments.config_path);
  auto* backup = command->add_option("--backup", arguments.backup, "check this backup");
  backup->type_name("DIR")->excludes(offline);
  command->get_option("--url")->excludes(offline)->excludes(backup);
  command->footer(kVerifyExamples);
  return command;
}

CLI::App* add_inspect_command(CLI::App& app, InspectArguments& arguments) {
  static const std::map<std::string, InspectedKind> kKinds{
      {"wal", InspectedKind::kWal},
      {"manifest", InspectedKind::kManifest},
      {"sst", InspectedKind::kSst},
      {"catalog", InspectedKind::kCatalog}};
  auto* command = app.add_subcommand("inspect", "Print what stands in a file");
  command->add_option("kind", arguments.kind, "wal, manifest, sst or catalog")
      ->required()
      ->type_name("KIND")
      ->transform(CLI::CheckedTransformer(kKinds).description(""));
  command->add_option("file", arguments.path, "the file")->required()->type_name("FILE");
  command->add_flag("--json", arguments.json, "as JSON");
  command->footer(kInspectExamples);
  return command;
}

}  // namespace varve
