// SPDX-License-Identifier: Apache-2.0
// Which lock guards what, in words that clang checks (-Wthread-safety) and g++ skips. They need a
// lock type that is annotated itself: base/mutex.h.
//
//   Mutex mutex_;
//   std::deque<Batch> waiting_ GUARDED_BY(mutex_);
//   void drain() REQUIRES(mutex_);
#pragma once

#if defined(__clang__)
#define VARVE_THREAD_ATTRIBUTE(attribute) __attribute__((attribute))
#else
#define VARVE_THREAD_ATTRIBUTE(attribute)
#endif

/// On a member: read and written only with the lock held.
#define GUARDED_BY(lock) VARVE_THREAD_ATTRIBUTE(guarded_by(lock))
/// On a pointer: what it points to is guarded, the pointer itself is not.
#define PT_GUARDED_BY(lock) VARVE_THREAD_ATTRIBUTE(pt_guarded_by(lock))
/// On a function: the caller holds the lock.
#define REQUIRES(...) VARVE_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
/// On a function: the caller does not hold the lock, the function takes it.
#define EXCLUDES(...) VARVE_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
/// On a function: returns with the lock held.
#define ACQUIRE(...) VARVE_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
/// On a function: holds the lock when it returns `success`, its first argument.
#define TRY_ACQUIRE(...) VARVE_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
/// On a function: lets go of the lock.
#define RELEASE(...) VARVE_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
/// On a class: it is a lock.
#define CAPABILITY(name) VARVE_THREAD_ATTRIBUTE(capability(name))
/// On a class: it holds a lock from its constructor to its destructor.
#define SCOPED_CAPABILITY VARVE_THREAD_ATTRIBUTE(scoped_lockable)
/// On a function whose locking clang cannot follow; say why beside it.
#define NO_THREAD_SAFETY_ANALYSIS VARVE_THREAD_ATTRIBUTE(no_thread_safety_analysis)
