// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "io/posix_file_system.h"
#include "varve/commands.h"
#include "varve/inspection.h"

namespace varve {
namespace {

Result<Inspection> inspect(const InspectArguments& arguments) {
  PosixFileSystem files;
  switch (arguments.kind) {
    case InspectedKind::kWal: return inspect_wal(files, arguments.path);
    case InspectedKind::kManifest: return inspect_manifest(files, arguments.path);
    case InspectedKind::kSst: return inspect_sst(files, arguments.path);
    case InspectedKind::kCatalog: return inspect_catalog(arguments.path);
  }
  return fail(ErrorCode::kInternal, "there is no such kind of file");
}

}  // namespace

int run_inspect(const InspectArguments& arguments) {
  const auto inspection = inspect(arguments);
  if (!inspection) {
    std::fprintf(stderr, "varve: %s\n", inspection.error().message.c_str());
    return 1;
  }
  const std::string text =
      arguments.json ? inspection_json(*inspection) + "\n" : inspection_text(*inspection);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return (*inspection)["damage"].empty() ? 0 : 1;
}

}  // namespace varve
