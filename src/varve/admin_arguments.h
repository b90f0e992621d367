// SPDX-License-Identifier: Apache-2.0
// What backup, restore, verify and inspect may be told.
#pragma once

#include <cstdint>
#include <string>

#include "varve/server_access.h"

namespace CLI {
class App;
}

namespace varve {

struct BackupArguments {
  std::string to;
  ServerAccess server;   ///< Without a URL: where the configuration says that it listens.
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
  bool takes_over = false;  ///< Of a prefix that a data directory has: it becomes the new one's.
  ServerAccess server;
  std::string config_path;
};

struct VerifyArguments {
  std::string data_dir;
  ServerAccess server;
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
