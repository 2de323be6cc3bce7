// Motion-gated smoothing, see temporal/cpu.py, cut.py and gates.py.
#include "../device.cuh"

constexpr int BLOCK = 4, MOST_COARSE = 48 * 48;
constexpr int MOST_THREADS = 512;  // of compare_shots

// Mean luma, 0..255, of the 4x4 block (bx, by); blocks at the border may be partial.
SM_FN float block_mean(const Plane &luma, int by, int bx, int width, int height, float scale) {
  const int rows = min(BLOCK, height - by * BLOCK), columns = min(BLOCK, width - bx * BLOCK);
  int total = 0;
  for (int j = 0; j < rows; j++) {
    int codes[4];
    load_quad(luma, by * BLOCK + j, bx * BLOCK, width, codes);
#pragma unroll
    for (int k = 0; k < 4; k++) total += k < columns ? codes[k] : 0;
  }
  return (float)total * (scale / (float)(rows * columns));
}

SM_KERNEL block_means(Plane luma, float scale, float *means, int width, int height, int columns,
                      int rows) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x < columns && y < rows)
    means[(i64)y * columns + x] = block_mean(luma, y, x, width, height, scale);
}

// The sum of one number of each thread, in all threads; partial: blockDim.x doubles.
SM_FN double block_sum(double own, double *partial) {
  partial[threadIdx.x] = own;
  __syncthreads();
  double total = 0.0;
  if (threadIdx.x == 0) {
    for (unsigned i = 0; i < blockDim.x; i++) total += partial[i];
    partial[0] = total;
  }
  __syncthreads();
  total = partial[0];
  __syncthreads();
  return total;
}

// What two maps of block means say: verdict[0] = how much brighter, verdict[1] = 1 for another shot.
// One block of threads; scratch: 2 * MOST_COARSE + blockDim.x doubles. See cut.py for the method.
SM_FN void compare_shots(double *scratch, const float *previous, const float *current, int columns,
                         int rows, float *verdict) {
  const int step = max(1, max(rows, columns) / 24);
  const int step_y = min(step, rows), step_x = min(step, columns);
  const int across = columns / step_x, count = across * (rows / step_y);
  double *before = scratch, *now = scratch + MOST_COARSE, *partial = scratch + 2 * MOST_COARSE;
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    const int y0 = i / across * step_y, x0 = i % across * step_x;
    float was = 0.0f, is = 0.0f;
    for (int y = y0; y < y0 + step_y; y++)
      for (int x = x0; x < x0 + step_x; x++) {
        was += previous[(i64)y * columns + x];
        is += current[(i64)y * columns + x];
      }
    before[i] = (double)was / (step_y * step_x), now[i] = (double)is / (step_y * step_x);
  }
  __syncthreads();
  double size = 0.0, sum_before = 0.0, sum_now = 0.0, median = 0.0;
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    const double change = now[i] - before[i];
    size += fabs(change), sum_before += before[i], sum_now += now[i];
    int rank = 0;  // the median is half the sum of the elements of these two ranks
    for (int k = 0; k < count; k++) {
      const double other = now[k] - before[k];
      rank += other < change || (other == change && k < i);
    }
    median += 0.5 * change * ((rank == (count - 1) / 2) + (rank == count / 2));
  }
  size = block_sum(size, partial), median = block_sum(median, partial);
  sum_before = block_sum(sum_before, partial), sum_now = block_sum(sum_now, partial);
  double both = 0.0, energy_before = 0.0, energy_now = 0.0;
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    const double b = before[i] - sum_before / count, n = now[i] - sum_now / count;
    both += b * n, energy_before += b * b, energy_now += n * n;
  }
  both = block_sum(both, partial), energy_before = block_sum(energy_before, partial);
  energy_now = block_sum(energy_now, partial);
  if (threadIdx.x == 0) {
    const double energy = sqrt(energy_before * energy_now);
    const double correlation = energy > 0.0 ? both / energy : 0.0;
    verdict[0] = (float)median;
    verdict[1] = size / count * (1.0 - correlation) > 15.0 ? 1.0f : 0.0f;
  }
}

SM_KERNEL compare(const float *previous, const float *current, int columns, int rows,
                  float *verdict) {
  __shared__ double scratch[2 * MOST_COARSE + MOST_THREADS];
  compare_shots(scratch, previous, current, columns, rows, verdict);
}

// 1 where block (bx, by) and its eight neighbours are still, 0 where something moves.
SM_FN float stillness(const float *previous, const float *current, float shift, int by, int bx,
                      int columns, int rows) {
  const float motion_low = 2.2f, motion_high = 4.5f, drift_low = 0.8f, drift_high = 1.8f;
  float worst = 0.0f, total = 0.0f;
  for (int j = -1; j < 2; j++)
    for (int i = -1; i < 2; i++) {
      const int y = min(max(by + j, 0), rows - 1), x = min(max(bx + i, 0), columns - 1);
      const i64 at = (i64)y * columns + x;
      const float change = current[at] - previous[at] - shift;
      worst = fmaxf(worst, fabsf(change)), total += change;
    }
  const float motion = (motion_high - worst) * (1.0f / (motion_high - motion_low));
  const float drift = (drift_high - fabsf(total * (1.0f / 9.0f))) * (1.0f / (drift_high - drift_low));
  return clip(fminf(motion, drift), 0.0f, 1.0f);
}

// The new memory from alpha (a code) and the old memory; how much is kept on a still picture against
// a small and a large difference.
SM_FN float remembered(float alpha, float memory, float still, float small, float large) {
  const float low = 0.5f * 65535.0f, high = 0.9f * 65535.0f, snap = 0.5f / 255.0f * 65535.0f;
  const float difference = memory - alpha;
  const float ratio = difference * (1.0f / (0.18f * 65535.0f));
  const float square = ratio * ratio;
  const float size = clip((fabsf(difference) - low) * (1.0f / (high - low)), 0.0f, 1.0f);
  const float sudden = size * size * (3.0f - 2.0f * size);
  const float moved = still * fmaxf(small / (1.0f + square * square), large * sudden) * difference;
  const int exact = alpha == 0.0f || alpha == 65535.0f;
  return exact && fabsf(moved) < snap ? alpha : alpha + moved;
}

// What the frames before left behind, and how much of it a still picture keeps.
struct Past {
  float *memory;
  const float *previous;
  const float *current;
  const float *verdict;
  int columns, rows;
  float small, large;
  int fresh;
  int unused;
};

// Smooth a quad of codes in place; x is a multiple of 4, so it is one block wide.
SM_FN void smooth_quad(const Past &p, int y, int x, int width, int codes[4]) {
  float *memory = p.memory + (i64)y * width + x;
  if (p.fresh || p.verdict[1] != 0.0f) {
#pragma unroll
    for (int k = 0; k < 4; k++)
      if (x + k < width) memory[k] = (float)codes[k];
    return;
  }
  const float still = stillness(p.previous, p.current, p.verdict[0], y / BLOCK, x / BLOCK,
                                p.columns, p.rows);
#pragma unroll
  for (int k = 0; k < 4; k++)
    if (x + k < width) {
      const float value = remembered((float)codes[k], memory[k], still, p.small, p.large);
      memory[k] = value;
      codes[k] = (int)(value + 0.5f);
    }
}

SM_KERNEL blend(Plane alpha, Plane out, Past past, int width, int height) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= width || y >= height) return;
  int codes[4];
  load_quad(alpha, y, x, width, codes);
  smooth_quad(past, y, x, width, codes);
  store_quad(out, y, x, width, codes);
}
