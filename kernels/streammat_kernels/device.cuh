// What every CUDA kernel of this package shares: planes of any dtype, quads of pixels, taps, tables.
//
// A formula is a function of explicit pixel coordinates; a __global__ wrapper around it finds the
// coordinates. Wrappers come in two forms, and both also run with one thread a block, which is how
// the tests run this very source on a CPU:
//   - element kernels: one thread a pixel (or quad, or cell), no shared memory, no barriers;
//   - block kernels: loops from threadIdx.x in steps of blockDim.x between barriers.
// No CUDA headers are included, so that NVRTC needs none.
#pragma once

#define SM_FN static __host__ __device__ __forceinline__
#ifndef SM_KERNEL  // the tests build these files with g++ and define it otherwise
#define SM_KERNEL extern "C" __global__ void
#endif

#ifndef SM_PEEK  // an int that other threads may be changing by atomic operations
#define SM_PEEK(at) (*(const volatile int *)(at))
#endif

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef long long i64;

// The row of an element kernel's thread. A launch takes 65535 blocks downwards, so that more of them
// stand behind one another (runtime.grid_of).
SM_FN int grid_row() {
  return (blockIdx.z * gridDim.y + blockIdx.y) * blockDim.y + threadIdx.y;
}

enum Kind { CODE8 = 0, CODE16 = 1, FLOAT32 = 2 };
constexpr int OPAQUE = 65535;

// A plane of samples: sample (y, x) is data[y * stride + x * step], in samples of its kind.
// quads: rows start at multiples of four samples and samples lie side by side.
struct Plane {
  void *data;
  i64 stride;
  int step;
  int kind;
  int quads;
  int unused;
};

struct Planes3 {
  Plane part[3];
};

// A filter: output i is the sum over k < count of weights[i * count + k] * input[start[i] + k].
struct Taps {
  const int *start;
  const float *weights;
  i64 count;
};

SM_FN float clip(float value, float low, float high) { return fminf(fmaxf(value, low), high); }

// Index ``i`` moved to the border of ``count`` samples from beyond it.
SM_FN int within(int i, int count) { return min(max(i, 0), count - 1); }

// The nearest code within 0..top.
SM_FN int nearest(float value, float top) { return (int)clip(value + 0.5f, 0.0f, top); }

SM_FN float load(const Plane &p, int y, int x) {
  const i64 i = (i64)y * p.stride + (i64)x * p.step;
  if (p.kind == CODE8) return (float)((const u8 *)p.data)[i];
  if (p.kind == CODE16) return (float)((const u16 *)p.data)[i];
  return ((const float *)p.data)[i];
}

SM_FN int load_code(const Plane &p, int y, int x) {
  const i64 i = (i64)y * p.stride + (i64)x * p.step;
  return p.kind == CODE8 ? (int)((const u8 *)p.data)[i] : (int)((const u16 *)p.data)[i];
}

SM_FN void store_code(const Plane &p, int y, int x, int code) {
  const i64 i = (i64)y * p.stride + (i64)x * p.step;
  if (p.kind == CODE8)
    ((u8 *)p.data)[i] = (u8)code;
  else
    ((u16 *)p.data)[i] = (u16)code;
}

SM_FN void store_float(const Plane &p, int y, int x, float value) {
  ((float *)p.data)[(i64)y * p.stride + (i64)x * p.step] = value;
}

// Four codes side by side, read in one access where the plane allows it. Past ``width`` the last
// sample repeats; x is a multiple of 4.
SM_FN void load_quad(const Plane &p, int y, int x, int width, int codes[4]) {
  if (p.quads && x + 4 <= width) {
    const i64 i = (i64)y * p.stride + x;
    if (p.kind == CODE8) {
      const uchar4 v = *(const uchar4 *)((const u8 *)p.data + i);
      codes[0] = v.x, codes[1] = v.y, codes[2] = v.z, codes[3] = v.w;
    } else {
      const ushort4 v = *(const ushort4 *)((const u16 *)p.data + i);
      codes[0] = v.x, codes[1] = v.y, codes[2] = v.z, codes[3] = v.w;
    }
    return;
  }
#pragma unroll
  for (int k = 0; k < 4; k++) codes[k] = load_code(p, y, min(x + k, width - 1));
}

SM_FN void store_quad(const Plane &p, int y, int x, int width, const int codes[4]) {
  if (p.quads && x + 4 <= width) {
    const i64 i = (i64)y * p.stride + x;
    if (p.kind == CODE8) {
      uchar4 v;
      v.x = (u8)codes[0], v.y = (u8)codes[1], v.z = (u8)codes[2], v.w = (u8)codes[3];
      *(uchar4 *)((u8 *)p.data + i) = v;
    } else {
      ushort4 v;
      v.x = (u16)codes[0], v.y = (u16)codes[1], v.z = (u16)codes[2], v.w = (u16)codes[3];
      *(ushort4 *)((u16 *)p.data + i) = v;
    }
    return;
  }
#pragma unroll
  for (int k = 0; k < 4; k++)
    if (x + k < width) store_code(p, y, x + k, codes[k]);
}

// Linear interpolation of chroma at luma position ``i``: near + share * (far - near).
struct Pair {
  int near, far;
  float share;
};

SM_FN Pair chroma_at(int i, int count, int subsampling, int cosited) {
  Pair pair = {i, i, 0.0f};
  if (subsampling == 2) {
    pair.near = i >> 1;
    if (i & 1) {
      pair.far = min(pair.near + 1, count - 1);
      pair.share = cosited ? 0.5f : 0.25f;
    } else {
      pair.far = cosited ? pair.near : max(pair.near - 1, 0);
      pair.share = cosited ? 0.0f : 0.25f;
    }
  }
  return pair;
}

SM_FN float mix(float near, float far, float share) { return near + share * (far - near); }

// The encoded value of light, from a table indexed by the bits of a float32 (colour/transfer.py).
SM_FN float encode_light(float light, const float *__restrict__ table) {
  const float smallest = 9.094947017729282e-13f;  // 2^-40
  const int bits = __float_as_int(clip(light, smallest, 1.0f));
  const int index = (bits >> 16) - (127 - 40) * 128;
  const float rest = (float)(bits & 0xFFFF) * (1.0f / 65536.0f);
  const float value = mix(table[index], table[index + 1], rest);
  return light >= smallest ? value : 0.0f;
}

SM_FN int table_index(float value, float top) { return (int)(clip(value, 0.0f, top) + 0.5f); }
