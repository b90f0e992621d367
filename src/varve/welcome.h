// SPDX-License-Identifier: Apache-2.0
// Eight lines for the person who has just started a server for the first time.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/thread.h"

namespace varve {

/// Prints on a thread of its own, since it asks the server and may wait for the first figures of
/// this machine. The destructor ends the waiting.
class Welcome {
 public:
  /// Says nothing.
  Welcome() = default;
  Welcome(std::string address, std::string data_path, bool collects_host);
  ~Welcome();
  Welcome(Welcome&&) = default;

 private:
  std::shared_ptr<std::atomic<bool>> stopped_;
  Thread thread_;
};

/// The eight lines. `answer` is what the example query gave, already drawn.
std::string welcome_text(const std::string& address, const std::string& data_path,
                         const std::string& query, const std::string& answer);

}  // namespace varve
