// SPDX-License-Identifier: Apache-2.0
// Arrow's file interfaces over ours, so that the simulated disk sees every call.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "io/file_system.h"

namespace varve::engine {

/// Memory of the program's own allocator, for all that writes a file: what one column or memtable
/// gave back is used again. Arrow's default has pools of its own that grow by fresh huge pages,
/// which the kernel clears first: that was a seventh of a flush.
inline arrow::MemoryPool* arrow_memory() { return arrow::system_memory_pool(); }

/// Collects up to a megabyte, then writes it at the end of the file.
class FileOutput final : public arrow::io::OutputStream {
 public:
  explicit FileOutput(File& file) : file_(file) {}
  arrow::Status Write(const void* data, int64_t size_bytes) override;
  arrow::Status Flush() override;
  arrow::Status Close() override;
  arrow::Result<int64_t> Tell() const override;
  bool closed() const override { return closed_; }
  /// CRC32C of what was written since the last call.
  uint32_t take_crc();
  /// From now on what is written is appended to `copy` too; null: no more.
  void copy_to(std::string* copy) { copy_ = copy; }
  /// What a failed call of ours said, so that its code survives the way through Arrow.
  const Error& error() const { return error_; }

 private:
  File& file_;  // Outlives it.
  std::string pending_;
  std::string* copy_ = nullptr;
  uint32_t crc_ = 0;
  uint64_t written_bytes_ = 0;
  bool closed_ = false;
  Error error_;
};

/// Threads: ReadAt is safe anywhere.
class FileInput final : public arrow::io::RandomAccessFile {
 public:
  FileInput(std::shared_ptr<File> file, uint64_t size_bytes)
      : file_(std::move(file)), size_bytes_(size_bytes) {}
  arrow::Result<int64_t> GetSize() override { return static_cast<int64_t>(size_bytes_); }
  arrow::Result<int64_t> ReadAt(int64_t offset, int64_t size_bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t offset,
                                                       int64_t size_bytes) override;
  arrow::Status Seek(int64_t offset) override;
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Result<int64_t> Read(int64_t size_bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size_bytes) override;
  arrow::Status Close() override;
  bool closed() const override { return closed_; }
  /// What the last failed call of ours said, once, so that its code survives the way through Arrow:
  /// a disk or a network that does not answer says nothing about the bytes.
  std::optional<Error> take_error();

 private:
  std::shared_ptr<File> file_;
  uint64_t size_bytes_;
  Mutex mutex_;
  std::optional<Error> error_ GUARDED_BY(mutex_);
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace varve::engine
