// Multi-level foreground estimation, see foreground/multilevel.py and reference.py. Planes are
// (3, h, w) uint16, contiguous.
//
// A relaxation half-sweep solves every second row. It reads one copy of those rows and writes the
// other, since neighbours of a row are read while it is solved; rows of the other parity are only
// read. A row of each parity has had an even number of half-sweeps in the end, so that the result
// is in the first copy.
#include "../device.cuh"

struct Level {
  u16 *image;
  const u16 *alpha;
  u16 *foreground[2];
  u16 *background[2];
  int height, width;
};

// A copy by number; an index into an argument would go through local memory.
SM_FN u16 *of(u16 *const copies[2], int number) { return number ? copies[1] : copies[0]; }

SM_FN i64 place(const Level &l, int c, int y, int x) { return ((i64)c * l.height + y) * l.width + x; }

// Rounded mean of 2x2 samples; an odd last row or column counts twice.
SM_FN int halved(const u16 *source, int height, int width, int y, int x) {
  const u16 *upper = source + (i64)(2 * y) * width;
  const u16 *lower = source + (i64)min(2 * y + 1, height - 1) * width;
  const int right = min(2 * x + 1, width - 1);
  return (upper[2 * x] + upper[right] + lower[2 * x] + lower[right] + 2) >> 2;
}

// Sample (y, x) of the bilinear doubling of a (height, width) plane, centres at half steps.
SM_FN int doubled(const u16 *small, int height, int width, int y, int x) {
  const int ny = y >> 1, nx = x >> 1;
  const int fy = min(max(ny + (y & 1 ? 1 : -1), 0), height - 1);
  const int fx = min(max(nx + (x & 1 ? 1 : -1), 0), width - 1);
  const u16 *near = small + (i64)ny * width, *far = small + (i64)fy * width;
  return (3 * (3 * near[nx] + far[nx]) + 3 * near[fx] + far[fx] + 8) >> 4;
}

SM_FN void halve_pixel(const Level &fine, const Level &coarse, u16 *coarse_alpha, int y, int x) {
  const i64 plane = (i64)fine.height * fine.width;
#pragma unroll
  for (int c = 0; c < 3; c++)
    coarse.image[place(coarse, c, y, x)] =
        (u16)halved(fine.image + c * plane, fine.height, fine.width, y, x);
  coarse_alpha[(i64)y * coarse.width + x] = (u16)halved(fine.alpha, fine.height, fine.width, y, x);
}

SM_KERNEL halve(Level fine, Level coarse, u16 *coarse_alpha) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x < coarse.width && y < coarse.height) halve_pixel(fine, coarse, coarse_alpha, y, x);
}

// Start a level from the next coarser one.
SM_FN void double_pixel(const Level &coarse, const Level &fine, int y, int x) {
  const i64 plane = (i64)coarse.height * coarse.width;
#pragma unroll
  for (int c = 0; c < 3; c++) {
    const i64 at = place(fine, c, y, x);
    const int f = doubled(coarse.foreground[0] + c * plane, coarse.height, coarse.width, y, x);
    const int b = doubled(coarse.background[0] + c * plane, coarse.height, coarse.width, y, x);
    fine.foreground[0][at] = (u16)f, fine.background[0][at] = (u16)b;
    fine.foreground[1][at] = (u16)f, fine.background[1][at] = (u16)b;
  }
}

// The finest level keeps the source where alpha is 1 (foreground) or 0 (background).
SM_KERNEL seed(Level coarse, Level fine, int is_finest) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= fine.width || y >= fine.height) return;
  double_pixel(coarse, fine, y, x);
  if (!is_finest) return;
  const int alpha = fine.alpha[(i64)y * fine.width + x];
#pragma unroll
  for (int c = 0; c < 3; c++) {
    const i64 at = place(fine, c, y, x);
    if (alpha == OPAQUE) fine.foreground[0][at] = fine.foreground[1][at] = fine.image[at];
    if (alpha == 0) fine.background[0][at] = fine.background[1][at] = fine.image[at];
  }
}

// Solve pixel (y, x): F = f + a r, G = g + b r, r = (I - a f - b g) / (a^2 + b^2 + s) with the
// weighted means f, g of the neighbours and s the sum of their weights (cpu.settle).
// Rows of the pixel's parity are read from copy ``from``, the others from copy ``beside``.
SM_FN void relax_pixel(const Level &l, int y, int x, int from, int beside, int band_only) {
  const int up = max(y - 1, 0), down = min(y + 1, l.height - 1);
  const int left = max(x - 1, 0), right = min(x + 1, l.width - 1);
  // At the border a row is its own neighbour, and read from its own copy.
  const int copy_up = up == y ? from : beside, copy_down = down == y ? from : beside;
  const float code = (float)l.alpha[(i64)y * l.width + x];
  const int solved = !band_only || (code > 0.0f && code < 65535.0f);
  const float slope = 0.1f / 65535.0f, least = 1e-5f;
  float w[4] = {least + slope * fabsf(code - (float)l.alpha[(i64)y * l.width + left]),
                least + slope * fabsf(code - (float)l.alpha[(i64)y * l.width + right]),
                least + slope * fabsf(code - (float)l.alpha[(i64)up * l.width + x]),
                least + slope * fabsf(code - (float)l.alpha[(i64)down * l.width + x])};
  const float sum = w[0] + w[1] + w[2] + w[3];
  const float a = code * (1.0f / 65535.0f), b = 1.0f - a;
  const float gain = 1.0f / (a * a + b * b + sum), share = 1.0f / sum;
#pragma unroll
  for (int i = 0; i < 4; i++) w[i] *= share;
#pragma unroll
  for (int c = 0; c < 3; c++) {
    const i64 here = place(l, c, y, x);
    u16 *const targets[2] = {of(l.foreground, from ^ 1), of(l.background, from ^ 1)};
    const u16 *const sources[2] = {of(l.foreground, from), of(l.background, from)};
    const u16 *const above[2] = {of(l.foreground, copy_up), of(l.background, copy_up)};
    const u16 *const below[2] = {of(l.foreground, copy_down), of(l.background, copy_down)};
    if (!solved) {
#pragma unroll
      for (int k = 0; k < 2; k++) targets[k][here] = sources[k][here];
      continue;
    }
    float mean[2];
#pragma unroll
    for (int k = 0; k < 2; k++)
      mean[k] = w[0] * (float)sources[k][place(l, c, y, left)] +
                w[1] * (float)sources[k][place(l, c, y, right)] +
                w[2] * (float)above[k][place(l, c, up, x)] +
                w[3] * (float)below[k][place(l, c, down, x)];
    const float rest = gain * ((float)l.image[here] - a * mean[0] - b * mean[1]);
    targets[0][here] = (u16)nearest(mean[0] + a * rest, 65535.0f);
    targets[1][here] = (u16)nearest(mean[1] + b * rest, 65535.0f);
  }
}

// Half a sweep: rows of ``parity``.
SM_KERNEL relax(Level level, int parity, int from, int beside, int band_only) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = 2 * grid_row() + parity;
  if (x < level.width && y < level.height) relax_pixel(level, y, x, from, beside, band_only);
}

constexpr int MOST_LEVELS = 8;

// The coarse levels, finest first, and how many sweeps each gets.
struct Pyramid {
  Level levels[MOST_LEVELS];
  u16 *alphas[MOST_LEVELS];
  int sweeps[MOST_LEVELS];
  int count, unused;
};

// The mean colours of subject and background at the finest of these levels, weighted by the fourth
// power of their share, as codes; partial: 8 * blockDim.x doubles.
SM_FN void mean_colours(const Level &l, double *partial, u16 *means) {
  double sums[8] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
  const int count = l.height * l.width;
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    const double a = l.alpha[i] / 65535.0, b = 1.0 - a;
    const double near = a * a * a * a + 1e-9, far = b * b * b * b + 1e-9;
    sums[3] += near, sums[7] += far;
#pragma unroll
    for (int c = 0; c < 3; c++) {
      const double code = l.image[(i64)c * count + i];
      sums[c] += near * code, sums[4 + c] += far * code;
    }
  }
#pragma unroll
  for (int k = 0; k < 8; k++) partial[k * blockDim.x + threadIdx.x] = sums[k];
  __syncthreads();
  for (int k = threadIdx.x; k < 8; k += blockDim.x) {
    double total = 0.0;
    for (unsigned i = 0; i < blockDim.x; i++) total += partial[k * blockDim.x + i];
    partial[k * blockDim.x] = total;
  }
  __syncthreads();
  for (int k = threadIdx.x; k < 6; k += blockDim.x) {
    const int first = k < 3 ? 0 : 4, weight = first + 3;
    means[k] = (u16)rint(partial[(first + k % 3) * blockDim.x] / partial[weight * blockDim.x]);
  }
  __syncthreads();
}

constexpr int COARSE_THREADS = 512;

// Everything below a picture of 64 x 64 in one block of threads: shrink, seed, solve upwards.
SM_KERNEL __launch_bounds__(512) solve_coarse(Pyramid p) {
  __shared__ double partial[8 * COARSE_THREADS];
  for (int n = 1; n < p.count; n++) {
    const Level &fine = p.levels[n - 1], &coarse = p.levels[n];
    for (int i = threadIdx.x; i < coarse.height * coarse.width; i += blockDim.x)
      halve_pixel(fine, coarse, p.alphas[n], i / coarse.width, i % coarse.width);
    __syncthreads();
  }
  __shared__ u16 means[6];
  mean_colours(p.levels[0], partial, means);
  for (int n = p.count - 1; n >= 0; n--) {
    const Level &level = p.levels[n];
    const int pixels = level.height * level.width;
    for (int i = threadIdx.x; i < pixels; i += blockDim.x) {
      if (n + 1 < p.count) {
        double_pixel(p.levels[n + 1], level, i / level.width, i % level.width);
        continue;
      }
      for (int copy = 0; copy < 2; copy++)
        for (int c = 0; c < 3; c++) {
          level.foreground[copy][(i64)c * pixels + i] = means[c];
          level.background[copy][(i64)c * pixels + i] = means[3 + c];
        }
    }
    __syncthreads();
    int copies[2] = {0, 0};
    for (int half = 0; half < 2 * p.sweeps[n]; half++) {
      const int parity = half & 1, rows = (level.height - parity + 1) / 2;
      for (int i = threadIdx.x; i < rows * level.width; i += blockDim.x)
        relax_pixel(level, 2 * (i / level.width) + parity, i % level.width, copies[parity],
                    copies[parity ^ 1], 0);
      copies[parity] ^= 1;
      __syncthreads();
    }
  }
}

// Move F so that the mixture holds in linear light, background kept (cpu.relight_rows).
SM_KERNEL relight(Level level, u16 *out, const float *light, const float *code, float give) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= level.width || y >= level.height) return;
  const int alpha = level.alpha[(i64)y * level.width + x];
  if (alpha == 0 || alpha == OPAQUE) return;
  const float a = (float)alpha * (1.0f / 65535.0f), gain = a / (a * a + give);
#pragma unroll
  for (int c = 0; c < 3; c++) {
    const i64 at = place(level, c, y, x);
    const float near = light[level.foreground[0][at]];
    const float rest = light[level.image[at]] - a * near - (1.0f - a) * light[level.background[0][at]];
    out[at] = (u16)(encode_light(near + gain * rest, code) * 65535.0f + 0.5f);
  }
}
