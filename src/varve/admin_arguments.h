// SPDX-License-Identifier: Apache-2.0
// What backup, restore, verify and inspect may be told.
#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace varve {

struct BackupArguments {
  std::string to;
  std::string url;       ///< Empty: where the configuration says that the server listens.
  std::string data_dir;  ///< Set: no server runs.
  std::string config_path;
  bool copies = false;
};

struct RestoreArguments {
  std::string from;
  std::string data_dir;  ///< Set: all of it, into this new folder.
  std::string database;  ///< Set: this database, into a running server.
  std::string as;
  std::string table;
  bool merges = false;
  bool verifies = true;
  std::string url;
  std::string config_path;
};

struct VerifyArguments {
  std::string data_dir;
  std::string url;
  std::string backup;
  std::string config_path;
};

enum class InspectedKind : uint8_t { kWal, kManifest, kSst, kCatalog };

struct InspectArguments {
  InspectedKind kind = InspectedKind::kWal;
  std::string path;
  bool json = false;
};

/// Each adds its command to the program; the arguments outlive it.
CLI::App* add_backup_command(CLI::App& app, BackupArguments& arguments);
CLI::App* add_restore_command(CLI::App& app, RestoreArguments& arguments);
CLI::App* add_verify_command(CLI::App& app, VerifyArguments& arguments);
CLI::App* add_inspect_command(CLI::App& app, InspectArguments& arguments);

}  // namespace varve
