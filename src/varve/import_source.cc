// SPDX-License-Identifier: Apache-2.0
#include "varve/import_source.h"

#include <sys/stat.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

namespace varve {
namespace {

constexpr unsigned kReadBytes = 256 * 1024;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

}  // namespace

struct ImportSource::File {
  explicit File(gzFile opened) : handle(opened) {}
  ~File() { gzclose(handle); }
  gzFile handle;
};

ImportSource::ImportSource(std::unique_ptr<File> file, std::string path, uint64_t file_bytes,
                           ImportContext context)
    : file_(std::move(file)),
      path_(std::move(path)),
      file_bytes_(file_bytes),
      context_(std::move(context)) {}
ImportSource::ImportSource(ImportSource&&) noexcept = default;
ImportSource::~ImportSource() = default;

Result<ImportSource> ImportSource::open(const std::string& path, ImportContext context) {
  struct stat about {};
  const bool exists = stat(path.c_str(), &about) == 0;
  if (exists && S_ISDIR(about.st_mode)) {
    return fail(ErrorCode::kIo, "cannot read " + path + ": it is a folder");
  }
  // zlib reads what is not compressed as it is.
  gzFile handle = exists ? gzopen(path.c_str(), "rb") : nullptr;
  if (!handle) return fail(ErrorCode::kIo, "cannot read " + path + ": " + std::strerror(errno));
  gzbuffer(handle, kReadBytes);
  return ImportSource(std::make_unique<File>(handle), path, static_cast<uint64_t>(about.st_size),
                      std::move(context));
}

uint64_t ImportSource::file_bytes_read() const {
  const auto at = gzoffset(file_->handle);
  return at < 0 ? 0 : static_cast<uint64_t>(at);
}

Result<bool> ImportSource::fill() {
  buffer_.erase(0, buffer_at_);
  buffer_at_ = 0;
  const size_t had = buffer_.size();
  buffer_.resize(had + kReadBytes);
  const int got = gzread(file_->handle, buffer_.data() + had, kReadBytes);
  buffer_.resize(had + (got > 0 ? static_cast<size_t>(got) : 0));
  int code = Z_OK;
  const char* reason = gzerror(file_->handle, &code);
  // A file cut short gives what it has first, and this error with its end.
  if (code != Z_OK && code != Z_STREAM_END && got <= 0) {
    return fail(ErrorCode::kCorrupt,
                "cannot read " + path_ + ": " + (code == Z_ERRNO ? std::strerror(errno) : reason));
  }
  return got > 0;
}

Result<bool> ImportSource::read_line(std::string& text) {
  const size_t before = text.size();
  // Of statements and comments no newline stands between quotes.
  bool is_plain = in_statements_;
  for (;;) {
    // The last line may lack its newline.
    if (buffer_at_ == buffer_.size() && !TRY(fill())) return text.size() > before;
    const auto rest = std::string_view(buffer_).substr(buffer_at_);
    if (text.size() == before) is_plain |= rest.front() == '#';
    size_t end = LineSplitter::npos;
    if (is_plain) {
      const size_t newline = rest.find('\n');
      if (newline != std::string_view::npos) end = newline + 1;
    } else {
      end = splitter_.find_end(rest);
    }
    const size_t taken = end == LineSplitter::npos ? rest.size() : end;
    text.append(rest.substr(0, taken));
    buffer_at_ += taken;
    if (end != LineSplitter::npos) return true;
  }
}

// Source: InfluxDB 1.8, importer/v8.
bool ImportSource::read_marker(std::string_view line) {
  constexpr std::string_view kDatabase = "# CONTEXT-DATABASE:";
  constexpr std::string_view kPolicy = "# CONTEXT-RETENTION-POLICY:";
  if (line.starts_with("# DDL")) {
    in_statements_ = true;
  } else if (line.starts_with("# DML")) {
    in_statements_ = false;
  } else if (line.starts_with(kDatabase)) {
    context_.database = trimmed(line.substr(kDatabase.size()));
  } else if (line.starts_with(kPolicy)) {
    context_.policy = trimmed(line.substr(kPolicy.size()));
  } else {
    return false;
  }
  return true;
}

Result<ImportBatch> ImportSource::next(size_t lines_max) {
  ImportBatch batch;
  batch.kind = ImportBatch::Kind::kNothing;
  batch.context = context_;
  batch.line_first = line_next_;
  batch.offset_begin = offset_;
  while (batch.line_count < lines_max && batch.text.size() < kBatchBytesMax) {
    const size_t begin = batch.text.size();
    if (!TRY(read_line(batch.text))) break;
    ++batch.line_count;
    const std::string_view line = std::string_view(batch.text).substr(begin);
    if (line.starts_with('#')) {
      // A server looks for the other quote behind the newline: so nothing may follow.
      if (read_marker(line) || line.find('"') != std::string_view::npos) break;
    } else if (in_statements_) {
      if (trimmed(line).empty()) continue;
      batch.kind = ImportBatch::Kind::kStatement;
      break;
    } else if (line != "\n") {
      batch.kind = ImportBatch::Kind::kPoints;
    }
  }
  line_next_ += batch.line_count;
  offset_ += batch.text.size();
  batch.offset_end = offset_;
  return batch;
}

// Reads what it throws away: lines on the way say where later ones go.
Result<void> ImportSource::skip_to(uint64_t offset) {
  std::string line;
  while (offset_ < offset) {
    line.clear();
    if (!TRY(read_line(line))) break;
    offset_ += line.size();
    ++line_next_;
    if (line.starts_with('#')) read_marker(line);
  }
  if (offset_ == offset) return {};
  return fail(ErrorCode::kInvalidInput,
              path_ + " is not what it was when it was imported before: remove its .progress file");
}

}  // namespace varve
