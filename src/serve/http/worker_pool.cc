// SPDX-License-Identifier: Apache-2.0
#include "serve/http/worker_pool.h"

#include <string>

namespace varve {

WorkerPool::WorkerPool(std::string_view name, size_t threads, size_t jobs_waiting_max)
    : jobs_(jobs_waiting_max) {
  threads_.reserve(threads);
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back(std::string(name) + "-" + std::to_string(i), [this] {
      while (auto job = jobs_.pop()) {
        running_.fetch_add(1, std::memory_order_relaxed);
        (*job)();
        // The job's captures end here, before the next wait: one of them may be a client's answer.
        job.reset();
        running_.fetch_sub(1, std::memory_order_relaxed);
      }
    });
  }
}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::try_submit(Job job) { return jobs_.try_push(std::move(job)); }

void WorkerPool::stop() {
  jobs_.close();
  threads_.clear();
}

}  // namespace varve
