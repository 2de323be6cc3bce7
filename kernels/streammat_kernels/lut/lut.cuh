// R'G'B' through a table, see lut/reference.py: linear interpolation in each of its dimensions.
#include "../device.cuh"

struct Lookup {
  const float *table;  // (n, 3) or (n, n, n, 3), n = cells + 1
  float gain[3], offset[3];
  float log_gain;  // 0 for entries that are spaced evenly
  int cells;
};

// Where a value lies among the entries, 0..cells; not-a-number is 0.
SM_FN float place(const Lookup &lut, float gain, float offset, float value) {
  if (lut.log_gain > 0.0f) value = log2f(1.0f + lut.log_gain * fmaxf(value, 0.0f));
  value = gain * value + offset;
  value = value > 0.0f ? value : 0.0f;
  return fminf(value, (float)lut.cells);
}

SM_KERNEL lines(Planes3 rgb, Lookup lut, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
#pragma unroll
  for (int c = 0; c < 3; c++) {
    const float at = place(lut, lut.gain[c], lut.offset[c], load(rgb.part[c], y, x));
    const int cell = min((int)at, lut.cells - 1);
    const float *entry = lut.table + (i64)cell * 3 + c;
    store_float(rgb.part[c], y, x, mix(entry[0], entry[3], at - (float)cell));
  }
}

SM_KERNEL cubes(Planes3 rgb, Lookup lut, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  int cell[3];
  float share[3];
#pragma unroll
  for (int c = 0; c < 3; c++) {
    const float at = place(lut, lut.gain[c], lut.offset[c], load(rgb.part[c], y, x));
    cell[c] = min((int)at, lut.cells - 1);
    share[c] = at - (float)cell[c];
  }
  const i64 side = lut.cells + 1, down = side * 3, deep = side * down;
  const float *corner = lut.table + cell[0] * deep + cell[1] * down + cell[2] * 3;
#pragma unroll
  for (int c = 0; c < 3; c++) {
    const float *at = corner + c;
    const float near = mix(mix(at[0], at[3], share[2]), mix(at[down], at[down + 3], share[2]), share[1]);
    at += deep;
    const float far = mix(mix(at[0], at[3], share[2]), mix(at[down], at[down + 3], share[2]), share[1]);
    store_float(rgb.part[c], y, x, mix(near, far, share[0]));
  }
}
