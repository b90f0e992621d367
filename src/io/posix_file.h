// SPDX-License-Identifier: Apache-2.0
// One open file of the operating system.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "io/file_system.h"

namespace varve {

/// Owns a file descriptor. Threads: not by itself.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();

  int number() const { return number_; }

 private:
  int number_;
};

/// open(2) with O_CLOEXEC, again after a signal.
Result<FileDescriptor> open_descriptor(const std::string& path, int flags);

/// Threads: as File says.
class PosixFile final : public File {
 public:
  PosixFile(FileDescriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  PosixFile(PosixFile&&) noexcept = default;

  Result<std::string> read_at(uint64_t offset, size_t size_bytes) const override;
  Result<size_t> read_into(uint64_t offset, char* out, size_t size_bytes) const override;
  Result<void> write_at(uint64_t offset, std::string_view bytes) override;
  Result<void> write_blocks_at(uint64_t offset, std::string_view bytes) override;
  Result<void> allocate(uint64_t offset, uint64_t size_bytes) override;
  Result<void> truncate(uint64_t size_bytes) override;
  Result<void> sync() override;
  Result<uint64_t> size_bytes() const override;

 private:
  FileDescriptor descriptor_;
  std::string path_;
  // Around the cache; opened at the first use.
  std::optional<FileDescriptor> direct_;
  bool is_direct_refused_ = false;
};

/// allocate() for file systems that cannot reserve: writes back what stands inside the file, which
/// fills its holes, and zeros beyond its end.
Result<void> allocate_by_writing(File& file, uint64_t offset, uint64_t size_bytes);

}  // namespace varve
