// Just enough of CUDA C++ for g++ to compile the kernels unchanged and run them on a CPU.
//
// A launch runs its blocks one after the other. Without SM_THREADS a block has one thread, which
// every kernel of the package allows. With SM_THREADS (race tests, under ThreadSanitizer) a block
// has that many real threads, __shared__ memory is theirs together and __syncthreads is a barrier.
// With SM_CROWD that many threads share the blocks of a launch, and meet at every atomic operation.
#pragma once
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <tuple>
#include <utility>
#include <thread>
#include <vector>
#ifdef SM_THREADS
#include <barrier>
#endif

#define __host__
#define __device__
#define __global__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define SM_KERNEL static void

using std::max;
using std::min;

struct uchar4 {
  unsigned char x, y, z, w;
};
struct ushort4 {
  unsigned short x, y, z, w;
};

static inline int __float_as_int(float value) {
  int bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline std::atomic_ref<int> sm_atomic(const int *at) {
#ifdef SM_CROWD
  std::this_thread::yield();
#endif
  return std::atomic_ref<int>(*const_cast<int *>(at));
}
#define SM_PEEK(at) sm_atomic(at).load(std::memory_order_relaxed)
static inline int atomicAdd(int *at, int value) { return sm_atomic(at).fetch_add(value); }
static inline int atomicMin(int *at, int value) {
  std::atomic_ref<int> there = sm_atomic(at);
  int before = there.load();
  while (value < before && !there.compare_exchange_weak(before, value)) {
  }
  return before;
}

struct Dim {
  unsigned x, y, z;
};
static thread_local Dim blockIdx, threadIdx;
static Dim blockDim, gridDim;

#ifdef SM_THREADS
#define __shared__ static
static std::barrier<> *sm_barrier;
static inline void __syncthreads() { sm_barrier->arrive_and_wait(); }
#else
#define __shared__ static thread_local
static inline void __syncthreads() {}
#endif

template <typename... A, size_t... I>
static void sm_call(void (*kernel)(A...), void **args, std::index_sequence<I...>) {
  kernel(*static_cast<std::remove_const_t<A> *>(args[I])...);
}

template <typename... A>
static void sm_launch(void (*kernel)(A...), void **args, unsigned across, unsigned down,
                      unsigned layers) {
  gridDim = {across, down, layers};
#ifdef SM_THREADS
  blockDim = {SM_THREADS, 1, 1};
  for (unsigned y = 0; y < down; y++)
    for (unsigned x = 0; x < across; x++) {
      std::barrier<> barrier(SM_THREADS);
      sm_barrier = &barrier;
      std::vector<std::thread> threads;
      for (unsigned t = 0; t < SM_THREADS; t++)
        threads.emplace_back([=] {
          blockIdx = {x, y, 0}, threadIdx = {t, 0, 0};
          sm_call(kernel, args, std::index_sequence_for<A...>{});
        });
      for (auto &thread : threads) thread.join();
    }
#elif defined(SM_CROWD)
  blockDim = {1, 1, 1};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < SM_CROWD; t++)
    threads.emplace_back([=] {
      threadIdx = {0, 0, 0};
      for (unsigned i = t; i < across * down * layers; i += SM_CROWD) {
        blockIdx = {i % across, i / across % down, i / across / down};
        sm_call(kernel, args, std::index_sequence_for<A...>{});
      }
    });
  for (auto &thread : threads) thread.join();
#else
  blockDim = {1, 1, 1};
  threadIdx = {0, 0, 0};
  for (unsigned z = 0; z < layers; z++)
    for (unsigned y = 0; y < down; y++)
      for (unsigned x = 0; x < across; x++) {
        blockIdx = {x, y, z};
        sm_call(kernel, args, std::index_sequence_for<A...>{});
      }
#endif
}

#define SM_EXPORT(name)                                                                         \
  extern "C" void launch_##name(void **args, unsigned across, unsigned down, unsigned behind) { \
    sm_launch(name, args, across, down, behind);                                                \
  }
