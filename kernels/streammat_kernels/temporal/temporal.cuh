// Motion-compensated smoothing, see temporal/reference.py, cut.py and gates.py.
#include "../motion/motion.cuh"

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
  const int y = grid_row();
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

// What moving the memory to where the picture went reads and writes; vectors are in blocks.
struct Trail {
  const float *previous;
  const float *current;
  const float *verdict;
  const float *found;
  float *vectors;
  float *residual;
  const float *memory;
  float *moved;
  float *difference;
  int columns, rows;
  int width, height;
  float explained;  // as in gates.py
  int unused;
};

// The vector of block (bx, by), in pixels: as found if it takes away enough of the change of luma
// in 5x5 blocks, else 0; and the change that is left.
SM_FN void follow(const Trail &t, int by, int bx, float *across, float *down) {
  const i64 plane = (i64)t.rows * t.columns, own = (i64)by * t.columns + bx;
  const float shift = t.verdict[0];
  float explained = 0.0f, left_without = 0.0f, left_along = 0.0f;
  for (int j = -2; j < 3; j++)
    for (int i = -2; i < 3; i++) {
      const int y = within(by + j, t.rows), x = within(bx + i, t.columns);
      const i64 at = (i64)y * t.columns + x;
      const float here = t.current[at] - shift;
      const float without = t.previous[at] - here;
      const float along = sample_at(t.previous, t.columns, t.rows, (float)y + t.found[plane + at],
                                    (float)x + t.found[at]) - here;
      explained += without * without - along * along;
      if (i == 0 && j == 0) left_without = without, left_along = along;
    }
  const int moves = explained > t.explained;
  const float x = moves ? t.found[own] : 0.0f, y = moves ? t.found[plane + own] : 0.0f;
  t.vectors[own] = x, t.vectors[plane + own] = y;
  t.residual[own] = moves ? left_along : left_without;
  *across = (float)BLOCK * x, *down = (float)BLOCK * y;
}

// Four samples of row y between columns x and x + 4, ``part`` of the way to the next each.
SM_FN void row_between(const float *memory, int width, int height, int y, int x, float part,
                       float out[4]) {
  const float *row = memory + (i64)within(y, height) * width;
  float left = row[within(x, width)];
#pragma unroll
  for (int k = 0; k < 4; k++) {
    const float right = row[within(x + k + 1, width)];
    out[k] = mix(left, right, part), left = right;
  }
}

// Move the memory of block (bx, by) along its vector, and tell how it then differs from alpha,
// -1..1 in the mean.
SM_FN void recall_block(const Plane &alpha, const Trail &t, int by, int bx) {
  float across, down;
  follow(t, by, bx, &across, &down);
  const float floor_x = floorf(across), floor_y = floorf(down);
  const int x = bx * BLOCK, from_x = x + (int)floor_x, from_y = by * BLOCK + (int)floor_y;
  const int rows = min(BLOCK, t.height - by * BLOCK), columns = min(BLOCK, t.width - x);
  float above[4], below[4], total = 0.0f;
  row_between(t.memory, t.width, t.height, from_y, from_x, across - floor_x, above);
  for (int j = 0; j < rows; j++) {
    const int y = by * BLOCK + j;
    row_between(t.memory, t.width, t.height, from_y + j + 1, from_x, across - floor_x, below);
    int codes[4];
    load_quad(alpha, y, x, t.width, codes);
#pragma unroll
    for (int k = 0; k < 4; k++) {
      const float value = mix(above[k], below[k], down - floor_y);
      above[k] = below[k];
      if (k < columns) {
        t.moved[(i64)y * t.width + x + k] = value;
        total += value - (float)codes[k];
      }
    }
  }
  t.difference[(i64)by * t.columns + bx] = total / ((float)(rows * columns) * 65535.0f);
}

SM_KERNEL recall(Plane alpha, Trail trail) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x < trail.columns && y < trail.rows) recall_block(alpha, trail, y, x);
}

// See gates.py for these two.
struct Limits {
  float worst_low, worst_high, drift_low, drift_high;
};

struct Curve {
  float tremble, sudden_low, sudden_high;
};

// What the frames before left behind, and how much of it a still picture keeps. Without motion
// residual, difference and vectors are null: the memory is where it was.
struct Past {
  float *memory;
  const float *residual;
  const float *difference;
  const float *vectors;
  const float *previous;
  const float *current;
  const float *verdict;
  int columns, rows;
  Limits still, moving, broad;
  Curve narrow_curve, broad_curve;
  float broad_low, broad_high, moving_share;
  float witness_residual, witness_slope, witness_low, witness_high;
  float small, large;
  int fresh;
};

SM_FN float residual_at(const Past &p, i64 at) {
  return p.residual ? p.residual[at] : p.previous[at] + p.verdict[0] - p.current[at];
}

// How far block (x, y) is from being explained by a vector, 0 (it is) to 1; see reference.py.
SM_FN float unexplained(const Past &p, float across, float down, int y, int x) {
  const i64 row = (i64)y * p.columns;
  const float own = p.current[row + x];
  const float vertical = p.current[(i64)within(y + 1, p.rows) * p.columns + x] -
                         p.current[(i64)within(y - 1, p.rows) * p.columns + x];
  const float horizontal =
      p.current[row + within(x + 1, p.columns)] - p.current[row + within(x - 1, p.columns)];
  const float slope = fmaxf(fabsf(vertical), fabsf(horizontal));
  const float before =
      across == 0.0f && down == 0.0f
          ? p.previous[row + x]
          : sample_at(p.previous, p.columns, p.rows, (float)y + down, (float)x + across);
  const float residual =
      fabsf(before + p.verdict[0] - own) / (p.witness_residual + p.witness_slope * slope);
  return clip(residual - 1.0f, 0.0f, 1.0f);
}

constexpr int WITNESS_RADIUS = 8, WITNESS_STEP = 2;

// Whether the memory of a block may speak against quite another alpha, 0..1.
SM_FN float witness_at(const Past &p, int by, int bx) {
  const i64 own = (i64)by * p.columns + bx, plane = (i64)p.rows * p.columns;
  const float across = p.vectors ? p.vectors[own] : 0.0f;
  const float down = p.vectors ? p.vectors[plane + own] : 0.0f;
  float total = 0.0f;
  for (int j = -WITNESS_RADIUS; j <= WITNESS_RADIUS; j += WITNESS_STEP)
    for (int i = -WITNESS_RADIUS; i <= WITNESS_RADIUS; i += WITNESS_STEP)
      total += unexplained(p, across, down, within(by + j, p.rows), within(bx + i, p.columns));
  constexpr int side = 2 * WITNESS_RADIUS / WITNESS_STEP + 1;
  const float share = 1.0f - total / (side * side);
  return clip((share - p.witness_low) / (p.witness_high - p.witness_low), 0.0f, 1.0f);
}

// Shares of the memory that a block keeps against small and large differences, and its curve.
struct Shares {
  float small, large;
  float sharpness, low, slope;
};

// ``far``: the largest difference of the block's alpha and memory that is asked about, 0..1.
SM_FN Shares shares_of(const Past &p, int by, int bx, float far) {
  const float ninth = 1.0f / 9.0f;
  float worst = 0.0f, total = 0.0f, differs = 0.0f;
  for (int j = -1; j < 2; j++)
    for (int i = -1; i < 2; i++) {
      const i64 at = (i64)within(by + j, p.rows) * p.columns + within(bx + i, p.columns);
      const float change = residual_at(p, at);
      worst = fmaxf(worst, fabsf(change)), total += change;
      if (p.difference) differs += p.difference[at];
    }
  const i64 own = (i64)by * p.columns + bx, plane = (i64)p.rows * p.columns;
  const int moves = p.vectors && (p.vectors[own] != 0.0f || p.vectors[plane + own] != 0.0f);
  const float breadth =
      clip((fabsf(differs) * ninth - p.broad_low) / (p.broad_high - p.broad_low), 0.0f, 1.0f);
  // Where neither counts, nobody is asked: that is nearly everywhere.
  const int asked = breadth > 0.0f || far > p.narrow_curve.sudden_low;
  const float sure = asked ? witness_at(p, by, bx) : 0.0f;
  const float broad = breadth * sure;
  const Limits &s = p.still, &m = p.moving, &b = p.broad;
  const float worst_low = mix(moves ? m.worst_low : s.worst_low, b.worst_low, broad);
  const float worst_high = mix(moves ? m.worst_high : s.worst_high, b.worst_high, broad);
  const float drift_low = mix(moves ? m.drift_low : s.drift_low, b.drift_low, broad);
  const float drift_high = mix(moves ? m.drift_high : s.drift_high, b.drift_high, broad);
  const float calm = (worst_high - worst) / (worst_high - worst_low);
  const float steady = (drift_high - fabsf(total) * ninth) / (drift_high - drift_low);
  const float still = clip(fminf(calm, steady), 0.0f, 1.0f);
  const float share = moves ? mix(p.moving_share, 1.0f, broad) : 1.0f;
  const Curve &narrow = p.narrow_curve, &wide = p.broad_curve;
  const float low = mix(narrow.sudden_low, wide.sudden_low, broad);
  const float high = mix(narrow.sudden_high, wide.sudden_high, broad);
  return {still * share * p.small, still * p.large * sure,
          1.0f / mix(narrow.tremble, wide.tremble, broad), low, 1.0f / (high - low)};
}

// The new memory from alpha (a code) and the old memory.
SM_FN float remembered(float alpha, float memory, const Shares &s) {
  const float snap = 0.5f / 255.0f * 65535.0f;
  const float difference = memory - alpha;
  const float size = fabsf(difference) * (1.0f / 65535.0f);
  const float ratio = size * s.sharpness;
  const float square = ratio * ratio;
  const float far = clip((size - s.low) * s.slope, 0.0f, 1.0f);
  const float sudden = far * far * (3.0f - 2.0f * far);
  const float moved = fmaxf(s.small / (1.0f + square * square), s.large * sudden) * difference;
  const int exact = alpha == 0.0f || alpha == 65535.0f;
  return exact && fabsf(moved) < snap ? alpha : alpha + moved;
}

// Smooth a quad of codes in place; x is a multiple of 4, so it is one block wide.
SM_FN void smooth_quad(const Past &p, int y, int x, int width, int codes[4]) {
  float *memory = p.memory + (i64)y * width + x;
  if (p.fresh || p.verdict[1] != 0.0f) {
#pragma unroll
    for (int k = 0; k < 4; k++)
      if (x + k < width) memory[k] = (float)codes[k];
    return;
  }
  float far = 0.0f;
#pragma unroll
  for (int k = 0; k < 4; k++)
    if (x + k < width) far = fmaxf(far, fabsf(memory[k] - (float)codes[k]) * (1.0f / 65535.0f));
  const Shares shares = shares_of(p, y / BLOCK, x / BLOCK, far);
#pragma unroll
  for (int k = 0; k < 4; k++)
    if (x + k < width) {
      const float value = remembered((float)codes[k], memory[k], shares);
      memory[k] = value;
      codes[k] = (int)(value + 0.5f);
    }
}

SM_KERNEL blend(Plane alpha, Plane out, Past past, int width, int height) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  int codes[4];
  load_quad(alpha, y, x, width, codes);
  smooth_quad(past, y, x, width, codes);
  store_quad(out, y, x, width, codes);
}
