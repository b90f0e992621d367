// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/parquet_io.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <utility>

#include "base/checksum.h"

namespace varve::engine {
namespace {

constexpr size_t kPendingBytesMax = 1 << 20;

}  // namespace

arrow::Status FileOutput::Write(const void* data, int64_t size_bytes) {
  const std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(size_bytes));
  crc_ = crc32c(bytes, crc_);
  pending_.append(bytes);
  if (copy_ != nullptr) copy_->append(bytes);
  return pending_.size() >= kPendingBytesMax ? Flush() : arrow::Status::OK();
}

uint32_t FileOutput::take_crc() { return std::exchange(crc_, 0); }

arrow::Status FileOutput::Flush() {
  if (pending_.empty()) return arrow::Status::OK();
  if (const auto written = file_.write_at(written_bytes_, pending_); !written) {
    error_ = written.error();
    return arrow::Status::IOError(error_.message);
  }
  written_bytes_ += pending_.size();
  pending_.clear();
  return arrow::Status::OK();
}

arrow::Status FileOutput::Close() {
  if (closed_) return arrow::Status::OK();
  closed_ = true;
  return Flush();
}

arrow::Result<int64_t> FileOutput::Tell() const {
  return static_cast<int64_t>(written_bytes_ + pending_.size());
}

arrow::Result<int64_t> FileInput::ReadAt(int64_t offset, int64_t size_bytes, void* out) {
  if (offset < 0 || size_bytes < 0) return arrow::Status::Invalid("a negative place in a file");
  const auto read = file_->read_into(static_cast<uint64_t>(offset), static_cast<char*>(out),
                                     static_cast<size_t>(size_bytes));
  if (!read) {
    const MutexLock lock(mutex_);
    error_ = read.error();
    return arrow::Status::IOError(read.error().message);
  }
  return static_cast<int64_t>(*read);
}

std::optional<Error> FileInput::take_error() {
  const MutexLock lock(mutex_);
  return std::exchange(error_, std::nullopt);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> FileInput::ReadAt(int64_t offset,
                                                                int64_t size_bytes) {
  // A damaged footer can ask for any size; never allocate more than the file has.
  if (offset < 0 || size_bytes < 0 || static_cast<uint64_t>(offset) > size_bytes_) {
    return arrow::Status::IOError("a place outside the file");
  }
  const auto wanted = std::min<uint64_t>(static_cast<uint64_t>(size_bytes),
                                         size_bytes_ - static_cast<uint64_t>(offset));
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(static_cast<int64_t>(wanted),
                                                                    arrow_memory()));
  ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(offset, static_cast<int64_t>(wanted),
                                                   buffer->mutable_data()));
  ARROW_RETURN_NOT_OK(buffer->Resize(read));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Status FileInput::Seek(int64_t offset) {
  position_ = offset;
  return arrow::Status::OK();
}

arrow::Result<int64_t> FileInput::Read(int64_t size_bytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position_, size_bytes, out));
  position_ += read;
  return read;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> FileInput::Read(int64_t size_bytes) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, size_bytes));
  position_ += buffer->size();
  return buffer;
}

arrow::Status FileInput::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

}  // namespace varve::engine
