// SPDX-License-Identifier: Apache-2.0
// spdlog carries the lines to their sink; nothing else of Varve sees it.
#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include "base/log_line.h"
#include "base/mutex.h"

namespace varve::log {
namespace {

// The lines come formatted; spdlog adds only the newline.
std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("varve", std::move(sink));
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);  // Levels are judged here, before formatting.
  // A log line is rare and most wanted just before a crash.
  logger->flush_on(spdlog::level::trace);
  return logger;
}

struct Output {
  Format format = Format::kText;
  std::shared_ptr<spdlog::logger> logger;
};

class Outlet {
 public:
  Outlet()
      : output_{Format::kText, make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>())} {}

  bool takes(Level level) const {
    return level >= level_.load(std::memory_order_relaxed) && level != Level::kOff;
  }
  Output output() {
    const MutexLock lock(mutex_);
    return output_;
  }
  void replace(Level level, Output output) {
    level_.store(level, std::memory_order_relaxed);
    const MutexLock lock(mutex_);
    output_ = std::move(output);
  }

 private:
  std::atomic<Level> level_{Level::kInfo};
  Mutex mutex_;
  Output output_ GUARDED_BY(mutex_);
};

// Never destroyed: threads and destructors of statics may log until the very end.
Outlet& outlet() {
  static Outlet& kept = *new Outlet;
  return kept;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kTrace: return spdlog::level::trace;
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarn: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
    case Level::kOff: return spdlog::level::off;
  }
  return spdlog::level::off;
}

}  // namespace

Result<Level> parse_level(std::string_view text) {
  if (text == "trace") return Level::kTrace;
  if (text == "debug") return Level::kDebug;
  if (text == "info") return Level::kInfo;
  if (text == "warn") return Level::kWarn;
  if (text == "error") return Level::kError;
  if (text == "off") return Level::kOff;
  return fail(ErrorCode::kInvalidInput,
              "log level is not one of trace, debug, info, warn, error, off: " + std::string(text));
}

Result<void> configure(const Options& options) {
  try {
    spdlog::sink_ptr sink;
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    }
    outlet().replace(options.level, {options.format, make_logger(std::move(sink))});
  } catch (const std::exception& error) {
    return fail(ErrorCode::kIo, "cannot open the log file " + options.file + ": " + error.what());
  }
  return {};
}

bool enabled(Level level) { return outlet().takes(level); }

void write(Level level, std::string_view event, std::initializer_list<Fact> facts) {
  if (!enabled(level)) return;
  const Output output = outlet().output();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::string line = format_line(output.format, level, event, facts, now_ms);
  output.logger->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace varve::log
