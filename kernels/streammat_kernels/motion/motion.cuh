// Motion between two maps, see motion/reference.py and plan.py. Vectors are (2, h, w): all x, then
// all y. Samples beyond the border repeat it.
#include "../device.cuh"

constexpr int WINDOW_RADIUS = 3;  // RADIUS of plan.py
constexpr int WINDOW = 2 * WINDOW_RADIUS + 1;

// Mean of the square (x, y) of ``side`` x ``side`` samples.
SM_FN float square_mean(const float *map, int columns, int side, int y, int x) {
  float total = 0.0f;
  for (int j = 0; j < side; j++)
    for (int i = 0; i < side; i++) total += map[(i64)(y * side + j) * columns + x * side + i];
  return total / (float)(side * side);
}

// Levels ``first`` to ``last`` of both maps, one after the other in ``before`` and ``now``. A block
// makes what lies in one sample of the last level, from fine to coarse; the first from the maps.
SM_KERNEL shrink(const float *previous, const float *current, float *before, float *now,
                 int columns, int rows, int first, int last) {
  const float *was = previous, *is = current;
  int across = columns, side = 1 << first;
  for (int level = first; level <= last; level++) {
    const int width = columns >> level, height = rows >> level, shift = last - level;
    for (int i = threadIdx.x; i < 1 << 2 * shift; i += blockDim.x) {
      const int y = (blockIdx.y << shift) + (i >> shift);
      const int x = (blockIdx.x << shift) + (i & ((1 << shift) - 1));
      if (x >= width || y >= height) continue;
      before[(i64)y * width + x] = square_mean(was, across, side, y, x);
      now[(i64)y * width + x] = square_mean(is, across, side, y, x);
    }
    __syncthreads();
    was = before, is = now, across = width, side = 2;
    before += (i64)width * height, now += (i64)width * height;
  }
}

// A bilinear sample at (y, x), moved to the border from beyond it; sides of two samples at least.
SM_FN float sample_at(const float *map, int columns, int rows, float y, float x) {
  y = clip(y, 0.0f, (float)(rows - 1)), x = clip(x, 0.0f, (float)(columns - 1));
  const int top = min((int)y, rows - 2), left = min((int)x, columns - 2);
  const float down = y - (float)top, right = x - (float)left;
  const float *above = map + (i64)top * columns + left, *below = above + columns;
  return mix(mix(above[0], above[1], right), mix(below[0], below[1], right), down);
}

// One step of Lucas and Kanade for sample (x, y); ``start`` may be null for no motion.
SM_FN void lucas_kanade(const float *previous, const float *current, float shift,
                        const float *start, int columns, int rows, int y, int x, float *out) {
  const float most_step = 1.5f, noise = 1.0f * WINDOW * WINDOW;  // MOST_STEP and NOISE of plan.py
  const i64 plane = (i64)rows * columns;
  float xx = noise, yy = noise, xy = 0.0f, x_change = 0.0f, y_change = 0.0f;
  for (int j = -WINDOW_RADIUS; j <= WINDOW_RADIUS; j++)
    for (int i = -WINDOW_RADIUS; i <= WINDOW_RADIUS; i++) {
      const int v = within(y + j, rows), u = within(x + i, columns);
      const float *row = current + (i64)v * columns;
      const float *above = current + (i64)max(v - 1, 0) * columns;
      const float *below = current + (i64)min(v + 1, rows - 1) * columns;
      const float across = 0.5f * (row[min(u + 1, columns - 1)] - row[max(u - 1, 0)]);
      const float down = 0.5f * (below[u] - above[u]);
      const i64 at = (i64)v * columns + u;
      const float from_x = start ? start[at] : 0.0f, from_y = start ? start[plane + at] : 0.0f;
      const float was = sample_at(previous, columns, rows, (float)v + from_y, (float)u + from_x);
      const float change = was + shift - row[u];
      xx += across * across, xy += across * down, yy += down * down;
      x_change += across * change, y_change += down * change;
    }
  const float scale = 1.0f / (xx * yy - xy * xy);
  const float step_x = (xy * y_change - yy * x_change) * scale;
  const float step_y = (xy * x_change - xx * y_change) * scale;
  const i64 at = (i64)y * columns + x;
  out[at] = (start ? start[at] : 0.0f) + clip(step_x, -most_step, most_step);
  out[plane + at] = (start ? start[plane + at] : 0.0f) + clip(step_y, -most_step, most_step);
}

// The current map is as much brighter as ``measured``, which may be null, and ``given`` together.
SM_KERNEL solve(const float *previous, const float *current, const float *measured, float given,
                const float *start, float *out, int columns, int rows) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= columns || y >= rows) return;
  const float shift = (measured ? measured[0] : 0.0f) + given;
  lucas_kanade(previous, current, shift, start, columns, rows, y, x, out);
}

// Mean of the sample (x, y) and its eight neighbours.
SM_FN float mean_around(const float *plane, int columns, int rows, int y, int x) {
  float total = 0.0f;
#pragma unroll
  for (int j = -1; j < 2; j++)
#pragma unroll
    for (int i = -1; i < 2; i++)
      total += plane[(i64)within(y + j, rows) * columns + within(x + i, columns)];
  return total * (1.0f / 9.0f);
}

// Where sample ``i`` of ``factor`` times the resolution lies: after which sample, and how far.
SM_FN int place(int i, int factor, int count, float *part) {
  const float at = ((float)i + 0.5f) / (float)factor - 0.5f;
  const float inside = clip(at, 0.0f, (float)(count - 1));
  const int first = min((int)inside, count - 2);
  *part = inside - (float)first;
  return first;
}

// Means of 3x3 vectors, at ``factor`` times their resolution.
SM_KERNEL settle(const float *solved, int columns, int rows, int factor, float *out, int width,
                 int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  float down, right;
  const int top = place(y, factor, rows, &down), left = place(x, factor, columns, &right);
#pragma unroll
  for (int k = 0; k < 2; k++) {
    const float *plane = solved + (i64)k * rows * columns;
    float value;
    if (factor == 1) {
      value = mean_around(plane, columns, rows, y, x);
    } else {
      const float a = mean_around(plane, columns, rows, top, left);
      const float b = mean_around(plane, columns, rows, top, left + 1);
      const float c = mean_around(plane, columns, rows, top + 1, left);
      const float d = mean_around(plane, columns, rows, top + 1, left + 1);
      value = (float)factor * mix(mix(a, b, right), mix(c, d, right), down);
    }
    out[((i64)k * height + y) * width + x] = value;
  }
}
