// SPDX-License-Identifier: Apache-2.0
#include "varve/import_source.h"

#include <sys/stat.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

namespace varve {
namespace {

constexpr unsigned kReadBytes = 256 * 1024;

}  // namespace

struct ImportSource::File {
  explicit File(gzFile opened) : handle(opened) {}
  ~File() { gzclose(handle); }
  gzFile handle;
};

ImportSource::ImportSource(std::unique_ptr<File> file, std::string path, uint64_t file_bytes)
    : file_(std::move(file)), path_(std::move(path)), file_bytes_(file_bytes) {}
ImportSource::ImportSource(ImportSource&&) noexcept = default;
ImportSource::~ImportSource() = default;

Result<ImportSource> ImportSource::open(const std::string& path) {
  struct stat about {};
  const bool exists = stat(path.c_str(), &about) == 0;
  if (exists && S_ISDIR(about.st_mode)) {
    return fail(ErrorCode::kIo, "cannot read " + path + ": it is a folder");
  }
  // zlib reads what is not compressed as it is.
  gzFile handle = exists ? gzopen(path.c_str(), "rb") : nullptr;
  if (!handle) return fail(ErrorCode::kIo, "cannot read " + path + ": " + std::strerror(errno));
  gzbuffer(handle, kReadBytes);
  return ImportSource(std::make_unique<File>(handle), path, static_cast<uint64_t>(about.st_size));
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

Result<ImportBatch> ImportSource::next(size_t lines_max) {
  ImportBatch batch;
  batch.line_first = line_next_;
  batch.offset_begin = offset_;
  bool in_line = false;
  while (batch.line_count < lines_max && (in_line || batch.text.size() < kBatchBytesMax)) {
    if (buffer_at_ == buffer_.size() && !TRY(fill())) {
      // The last line may lack its newline.
      if (in_line) ++batch.line_count;
      break;
    }
    const auto rest = std::string_view(buffer_).substr(buffer_at_);
    const size_t end = splitter_.find_end(rest);
    const size_t taken = end == LineSplitter::npos ? rest.size() : end;
    batch.text.append(rest.substr(0, taken));
    buffer_at_ += taken;
    in_line = end == LineSplitter::npos;
    if (!in_line) ++batch.line_count;
  }
  line_next_ += batch.line_count;
  offset_ += batch.text.size();
  batch.offset_end = offset_;
  return batch;
}

Result<void> ImportSource::skip_to(uint64_t offset, uint64_t lines_before) {
  while (offset_ < offset) {
    if (buffer_at_ == buffer_.size() && !TRY(fill())) {
      return fail(
          ErrorCode::kInvalidInput,
          path_ + " is shorter than when it was imported before: remove its .progress file");
    }
    const size_t step = std::min<uint64_t>(offset - offset_, buffer_.size() - buffer_at_);
    buffer_at_ += step;
    offset_ += step;
  }
  line_next_ = lines_before + 1;
  return {};
}

}  // namespace varve
