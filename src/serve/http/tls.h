// SPDX-License-Identifier: Apache-2.0
// What a listener that speaks TLS needs: a certificate and its key, from PEM files.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "base/mutex.h"
#include "base/result.h"
#include "serve/http/options.h"

namespace varve {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// TLS 1.2 and later, no renegotiation, no early data. kInvalidInput names the file that is
/// missing, that cannot be read, or that does not fit the other.
Result<TlsContext> load_tls(const TlsFiles& files);

/// The context that new connections get. Threads: safe anywhere.
class SharedTls {
 public:
  TlsContext get() const {
    const MutexLock lock(mutex_);
    return context_;
  }
  void set(TlsContext context) {
    const MutexLock lock(mutex_);
    context_ = std::move(context);
  }

 private:
  mutable Mutex mutex_;
  TlsContext context_ GUARDED_BY(mutex_);  // Null: plain HTTP.
};

}  // namespace varve
