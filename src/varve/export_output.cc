// SPDX-License-Identifier: Apache-2.0
#include "varve/export_output.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/log.h"

namespace varve {
namespace {

// The last line is shorter.
constexpr size_t kTailBytes = 256;

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

std::optional<admin::ExportFigures> export_figures(std::string_view tail) {
  const size_t begin = tail.rfind("\n# EXPORTED ");
  if (begin == std::string_view::npos || !tail.ends_with('\n')) return std::nullopt;
  const std::string line(tail.substr(begin + 1));
  unsigned long long rows = 0;
  unsigned long long left_out = 0;
  if (std::sscanf(line.c_str(), "# EXPORTED rows=%llu left_out=%llu\n", &rows, &left_out) != 2) {
    return std::nullopt;
  }
  return admin::ExportFigures{.rows = rows, .cells_left_out = left_out};
}

ExportOutput::ExportOutput(FileSystem& files, std::string path, std::unique_ptr<File> file,
                           bool gzip)
    : files_(&files),
      path_(std::move(path)),
      file_(std::move(file)),
      gzip_(gzip ? std::make_unique<GzipEncoder>() : nullptr) {}

Result<ExportOutput> ExportOutput::open(FileSystem& files, const std::string& path, bool gzip) {
  std::unique_ptr<File> file;
  if (path != "-") {
    struct stat about {};
    // Its name would be taken by a file.
    if (stat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode)) {
      return fail(ErrorCode::kInvalidInput, path + " is no regular file; use --out - > " + path);
    }
    if (TRY(files.exists(path + ".partial"))) TRY_VOID(files.remove(path + ".partial"));
    file = TRY(files.open(path + ".partial", FileSystem::OpenMode::kCreate));
  }
  return ExportOutput(files, path, std::move(file), gzip);
}

ExportOutput::~ExportOutput() {
  if (!file_) return;
  file_.reset();
  if (const auto removed = files_->remove(partial_path()); !removed) {
    log::warn("export.partial_file_left", {{"reason", removed.error().message}});
  }
}

Result<void> ExportOutput::put(std::string_view bytes) {
  if (file_) {
    TRY_VOID(file_->write_at(file_bytes_, bytes));
    file_bytes_ += bytes.size();
    return {};
  }
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return {};
  return fail(ErrorCode::kIo,
              std::string("cannot write to standard output: ") + std::strerror(errno));
}

Result<void> ExportOutput::write(std::string_view text) {
  bytes_ += text.size();
  lines_ += static_cast<uint64_t>(std::ranges::count(text, '\n'));
  tail_.append(text.substr(text.size() - std::min(text.size(), kTailBytes)));
  if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  if (!gzip_) return put(text);
  return put(gzip_->encode(text, GzipEncoder::Flush::kNone));
}

Result<admin::ExportFigures> ExportOutput::finish() {
  const auto figures = export_figures(tail_);
  if (!figures) return fail(ErrorCode::kCorrupt, "the export broke off before its end");
  if (gzip_) TRY_VOID(put(gzip_->encode("", GzipEncoder::Flush::kEnd)));
  if (!file_) {
    if (std::fflush(stdout) == 0) return *figures;
    return fail(ErrorCode::kIo,
                std::string("cannot write to standard output: ") + std::strerror(errno));
  }
  TRY_VOID(file_->sync());
  TRY_VOID(files_->rename(partial_path(), path_));
  file_.reset();
  TRY_VOID(files_->sync_directory(folder_of(path_)));
  return *figures;
}

}  // namespace varve
