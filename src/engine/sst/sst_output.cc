// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/sst_output.h"

#include <utility>

#include "base/bytes.h"
#include "base/checksum.h"
#include "engine/sst/sst_block.h"

namespace varve::engine {

Result<std::unique_ptr<SstOutput>> SstOutput::create(FileSystem& files, std::string path) {
  std::string temporary = path + ".tmp";
  if (TRY(files.exists(temporary))) TRY_VOID(files.remove(temporary));
  auto file = TRY(files.open(temporary, FileSystem::OpenMode::kCreate));
  return std::unique_ptr<SstOutput>(
      new SstOutput(files, std::move(path), std::move(temporary), std::move(file)));
}

SstOutput::SstOutput(FileSystem& files, std::string path, std::string temporary_path,
                     std::unique_ptr<File> file)
    : files_(files),
      path_(std::move(path)),
      temporary_path_(std::move(temporary_path)),
      file_(std::move(file)),
      stream_(std::make_shared<FileOutput>(*file_)) {}

SstOutput::~SstOutput() {
  if (file_) static_cast<void>(files_.remove(temporary_path_));
}

Result<void> SstOutput::from_arrow(const arrow::Status& status) const {
  if (status.ok()) return {};
  if (!stream_->error().message.empty()) return fail(stream_->error());
  return fail(ErrorCode::kInternal, "writing " + path_ + ": " + status.message());
}

DirectoryWriter::Sink SstOutput::sink() {
  return [this](std::string_view bytes) -> Result<uint64_t> {
    const auto offset = stream_->Tell();
    TRY_VOID(from_arrow(offset.status()));
    TRY_VOID(from_arrow(stream_->Write(bytes.data(), static_cast<int64_t>(bytes.size()))));
    return static_cast<uint64_t>(*offset);
  };
}

Result<SstBlockPlace> SstOutput::write_index_block(std::string_view plain, int zstd_level) {
  const auto append = sink();
  const std::string block = compress_block(plain, zstd_level);
  // Four bytes for the footer's checksum, which is not known yet.
  footer_crc_offset_ = TRY(append(std::string_view("\0\0\0\0", kFooterCrcBytes)));
  const uint64_t offset = TRY(append(block));
  return SstBlockPlace{.offset = offset,
                       .size_bytes = block.size(),
                       .plain_bytes = plain.size(),
                       .crc = crc32c(block)};
}

Result<uint64_t> SstOutput::finish(const std::function<arrow::Status()>& write_footer) {
  static_cast<void>(stream_->take_crc());
  TRY_VOID(from_arrow(write_footer()));
  TRY_VOID(from_arrow(stream_->Close()));
  std::string footer_crc;
  ByteWriter(footer_crc).u32(stream_->take_crc());
  TRY_VOID(file_->write_at(footer_crc_offset_, footer_crc));
  // Bytes first, name second, manifest third: a crash between any two leaves a state that
  // recovery understands (a stray temporary, or an SST that no manifest names).
  TRY_VOID(file_->sync());
  const uint64_t size_bytes = TRY(file_->size_bytes());
  TRY_VOID(files_.rename(temporary_path_, path_));
  file_.reset();
  return size_bytes;
}

}  // namespace varve::engine
