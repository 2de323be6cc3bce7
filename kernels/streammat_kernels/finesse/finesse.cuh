// Matte finesse, see finesse/cpu.py: float codes in between, 0..65535.
#include "../device.cuh"

// Codes remapped: black and less is 0, white and more 65535; ``inverted``: 65535 - that.
struct Clip {
  float black, gain;
  int inverted;
};

SM_FN float clipped(float code, const Clip &c) {
  const float value = clip((code - c.black) * c.gain, 0.0f, 65535.0f);
  return c.inverted ? 65535.0f - value : value;
}

// What must be in, what must be out, and the region; a plane without data is not there.
struct Mattes {
  Plane holdout, garbage;
  int x0, y0, x1, y1;
};

SM_FN int corrected(float value, const Mattes &m, int y, int x) {
  int code = (int)(value + 0.5f);
  if (m.holdout.data) code = max(code, load_code(m.holdout, y, x));
  if (m.garbage.data) code = min(code, 65535 - load_code(m.garbage, y, x));
  return x >= m.x0 && x < m.x1 && y >= m.y0 && y < m.y1 ? code : 0;
}

SM_KERNEL load_codes(Plane alpha, float *plane, Clip clip_, int width, int height) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  int codes[4];
  load_quad(alpha, y, x, width, codes);
#pragma unroll
  for (int k = 0; k < 4; k++)
    if (x + k < width) plane[(i64)y * width + x + k] = clipped((float)codes[k], clip_);
}

SM_KERNEL store_codes(const float *plane, Plane out, int inverted, Mattes mattes, int width,
                      int height) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  int codes[4];
#pragma unroll
  for (int k = 0; k < 4; k++) {
    const int at = min(x + k, width - 1);
    const float value = plane[(i64)y * width + at];
    codes[k] = corrected(inverted ? 65535.0f - value : value, mattes, y, at);
  }
  store_quad(out, y, x, width, codes);
}

// Clip and mattes alone, without growth and feather: one launch.
SM_KERNEL touch(Plane alpha, Plane out, Clip clip_, Mattes mattes, int width, int height) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  int codes[4];
  load_quad(alpha, y, x, width, codes);
#pragma unroll
  for (int k = 0; k < 4; k++)
    codes[k] = corrected(clipped((float)codes[k], clip_), mattes, y, min(x + k, width - 1));
  store_quad(out, y, x, width, codes);
}

// The greatest of a pixel and the bilinear samples around it; samples: (count, 3, 3) weights.
SM_FN float grown(const float *source, const float *__restrict__ samples, int count, int y, int x,
                  int width, int height) {
  float around[9];
#pragma unroll
  for (int j = 0; j < 3; j++)
#pragma unroll
    for (int i = 0; i < 3; i++) {
      const int yy = min(max(y + j - 1, 0), height - 1), xx = min(max(x + i - 1, 0), width - 1);
      around[3 * j + i] = source[(i64)yy * width + xx];
    }
  float best = around[4], low = best, high = best;
#pragma unroll
  for (int i = 0; i < 9; i++) low = fminf(low, around[i]), high = fmaxf(high, around[i]);
  if (low == high) return best;
  for (int n = 0; n < count; n++) {
    float value = 0.0f;
#pragma unroll
    for (int i = 0; i < 9; i++) value += samples[9 * n + i] * around[i];
    best = fmaxf(best, value);
  }
  return fminf(best, 65535.0f);
}

SM_KERNEL grow(const float *source, float *target, const float *samples, int count, int width,
               int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x < width && y < height)
    target[(i64)y * width + x] = grown(source, samples, count, y, x, width, height);
}

// Correlate along x (``down`` 0) or y (1) with an odd number of weights; borders repeat.
SM_KERNEL correlate(const float *source, float *target, const float *weights, int count, int down,
                    int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  float total = 0.0f;
  for (int k = 0; k < count; k++) {
    const int shift = k - count / 2;
    const int yy = down ? min(max(y + shift, 0), height - 1) : y;
    const int xx = down ? x : min(max(x + shift, 0), width - 1);
    total += weights[k] * source[(i64)yy * width + xx];
  }
  target[(i64)y * width + x] = total;
}
