// Training samples, see augment/reference.py. What a crop needs of each picture is fitted, denoised
// and summed into buffers; two kernels then make the seven maps straight at the crop's output.
#include "../crops/crops.cuh"

// Rows top .. top + rows - 1 and columns left .. of a picture (height, width), interleaved R'G'B'.
struct Part {
  const u8 *pixels;
  int top, left, rows, columns, height, width;
};

SM_FN float sample(const Part &p, int y, int x, int c) {
  return (float)p.pixels[((i64)(y - p.top) * p.columns + (x - p.left)) * 3 + c];
}

// Reflected at the border samples, which are not repeated.
SM_FN int mirrored(int i, int length) {
  if (length == 1) return 0;
  const int period = 2 * (length - 1);
  i = (i % period + period) % period;
  return min(i, period - i);
}

// The picture at the size of ``to``, as far as ``to`` reaches.
SM_KERNEL fit(const u8 *source, int height_in, int width_in, Part to, u8 *out) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= to.columns || y >= to.rows) return;
  const Window down = window(to.top + y, height_in, to.height);
  const Window across = window(to.left + x, width_in, to.width);
  const u8 *corner = source + ((i64)down.first * width_in + across.first) * 3;
  float total[3] = {0.0f, 0.0f, 0.0f};
  for (int j = 0; j < down.count; j++)
    for (int i = 0; i < across.count; i++) {
      const float share = weight(down, j) * weight(across, i);
#pragma unroll
      for (int c = 0; c < 3; c++) total[c] += share * (float)corner[((i64)j * width_in + i) * 3 + c];
    }
#pragma unroll
  for (int c = 0; c < 3; c++) out[((i64)y * to.columns + x) * 3 + c] = (u8)(total[c] + 0.5f);
}

// Local Wiener filter over 5 x 5 samples.
SM_KERNEL denoise(Part from, Part to, float sigma, u8 *out) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= to.columns || y >= to.rows) return;
  const float noise = sigma * sigma, share = 1.0f / 25.0f;
  for (int c = 0; c < 3; c++) {
    int total = 0, square = 0;
    for (int j = -2; j < 3; j++)
      for (int i = -2; i < 3; i++) {
        const int code = (int)sample(from, mirrored(to.top + y + j, to.height),
                                     mirrored(to.left + x + i, to.width), c);
        total += code, square += code * code;
      }
    const float mean = (float)total * share;
    const float spread = (float)(25 * square - total * total) * (share * share);
    const float gain = fmaxf(spread - noise, 0.0f) / fmaxf(spread, noise);
    const float own = sample(from, to.top + y, to.left + x, c);
    out[((i64)y * to.columns + x) * 3 + c] = (u8)(mean + gain * (own - mean) + 0.5f);
  }
}

// Sums of ``blur`` samples side by side, at columns first .. first + columns - 1.
SM_KERNEL sum_rows(Part from, int blur, int first, int columns, int *sums) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= columns || y >= from.rows) return;
  int total[3] = {0, 0, 0};
  for (int k = 0; k < blur; k++) {
    const int at = mirrored(first + x - blur / 2 + k, from.width);
#pragma unroll
    for (int c = 0; c < 3; c++) total[c] += (int)sample(from, from.top + y, at, c);
  }
#pragma unroll
  for (int c = 0; c < 3; c++) sums[((i64)y * columns + x) * 3 + c] = total[c];
}

// How many samples left of x have some alpha, and how many are not opaque; a thread takes a row.
SM_KERNEL count_rows(const u8 *alpha, int height, int width, int *some, int *not_solid) {
  const int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (blockIdx.x * blockDim.x + threadIdx.x > 0 || y >= height) return;
  const i64 at = (i64)y * (width + 1);
  int above = 0, below = 0;
  for (int x = 0; x <= width; x++) {
    some[at + x] = above, not_solid[at + x] = below;
    if (x == width) break;
    const int code = alpha[(i64)y * width + x];
    above += code != 0, below += code != 255;
  }
}

// A crop of side x side pixels at (x, y), brought to size x size.
struct Square {
  int x, y, side, size, flipped;
};

struct Line {
  int first, second;
  float weight;
};

// Half-pixel centres, ends repeated (plan.line_taps).
SM_FN Line line(int i, int start, int length, int outputs) {
  double at = ((double)i + 0.5) * length / outputs - 0.5;
  at = fmin(fmax(at, 0.0), (double)(length - 1));
  const int first = (int)at;
  const float weight = (float)(at - first);
  return {start + first, start + (weight > 0.0f ? min(first + 1, length - 1) : first), weight};
}

SM_FN void lines(const Square &crop, int i, int j, Line &down, Line &across) {
  down = line(i, crop.y, crop.side, crop.size);
  across = line(crop.flipped ? crop.size - 1 - j : j, crop.x, crop.side, crop.size);
}

SM_FN u8 joined(float a, float b, float c, float d, const Line &down, const Line &across) {
  const float first = a + (c - a) * down.weight, second = b + (d - b) * down.weight;
  return (u8)(first + (second - first) * across.weight + 0.5f);
}

struct Layers {
  Part front, back;
  const int *sums;  // of back's rows at the crop's columns, where it is blurred
  const u8 *alpha;
  const float *levels;  // of the noise
  int blur;
  u32 seed;
  float sigma;
  int is_noisy;
};

SM_FN float cut(float value) {
  return (float)(int)(clip(value, 0.0f, 255.0f) + 0.0009765625f);
}

// Image, foreground and background of channel c at a pixel of the picture.
SM_FN void mixed(const Layers &s, const Square &crop, int y, int x, int c, float out[3]) {
  float front = sample(s.front, y, x, c), back;
  if (s.blur) {
    int total = 0;
    for (int k = 0; k < s.blur; k++) {
      const int row = mirrored(y - s.blur / 2 + k, s.back.height) - s.back.top;
      total += s.sums[((i64)row * crop.side + (x - crop.x)) * 3 + c];
    }
    back = (float)total * (1.0f / (float)(s.blur * s.blur));
  } else {
    back = sample(s.back, y, x, c);
  }
  const float share = (float)s.alpha[(i64)y * s.back.width + x] * (1.0f / 255.0f);
  float image = cut(share * front + (1.0f - share) * back);
  if (s.is_noisy) {
    u32 word = (u32)(((i64)y * s.back.width + x) * 3 + c) ^ s.seed;
    word = (word ^ (word >> 16)) * 0x7FEB352Du;
    word = (word ^ (word >> 15)) * 0x846CA68Bu;
    word ^= word >> 16;
    const float noise = s.sigma * s.levels[word >> 20];
    image = cut(image + noise), front = cut(front + noise), back = cut(back + noise);
  }
  out[0] = image, out[1] = front, out[2] = back;
}

SM_KERNEL layers(Layers s, Square crop, u8 *out) {
  const int j = blockIdx.x * blockDim.x + threadIdx.x;
  const int i = blockIdx.y * blockDim.y + threadIdx.y;
  if (i >= crop.size || j >= crop.size) return;
  Line down, across;
  lines(crop, i, j, down, across);
  const i64 plane = (i64)crop.size * crop.size, at = (i64)i * crop.size + j;
  for (int c = 0; c < 3; c++) {
    float a[3], b[3], d[3], e[3];
    mixed(s, crop, down.first, across.first, c, a);
    mixed(s, crop, down.first, across.second, c, b);
    mixed(s, crop, down.second, across.first, c, d);
    mixed(s, crop, down.second, across.second, c, e);
#pragma unroll
    for (int k = 0; k < 3; k++)
      out[(k * 3 + c) * plane + at] = joined(a[k], b[k], d[k], e[k], down, across);
  }
}

// An ellipse as chords (row, first and last column from its anchor), and the counts that it asks.
struct Element {
  const int *chords;
  i64 count;
};

struct Counts {
  const int *some, *not_solid;
  int height, width;
};

SM_FN bool meets(const int *counts, const Counts &n, const Element &e, int y, int x) {
  for (int k = 0; k < (int)e.count; k++) {
    const int row = y + e.chords[3 * k];
    if (row < 0 || row >= n.height) continue;
    const int first = min(max(x + e.chords[3 * k + 1], 0), n.width);
    const int end = min(max(x + e.chords[3 * k + 2] + 1, 0), n.width);
    const i64 at = (i64)row * (n.width + 1);
    if (counts[at + end] > counts[at + first]) return true;
  }
  return false;
}

// Alpha, trimap, dilation and erosion at a pixel of the picture.
SM_FN void levels_at(const u8 *alpha, const Counts &n, const Element &narrow, const Element &wide,
                     int y, int x, float out[4]) {
  out[0] = (float)alpha[(i64)y * n.width + x];
  out[1] = !meets(n.not_solid, n, narrow, y, x) ? 255.0f
           : meets(n.some, n, narrow, y, x)     ? 128.0f
                                                : 0.0f;
  out[2] = meets(n.some, n, wide, y, x) ? 255.0f : 0.0f;
  out[3] = meets(n.not_solid, n, wide, y, x) ? 0.0f : 255.0f;
}

SM_KERNEL regions(const u8 *alpha, Counts counts, Element narrow, Element wide, Square crop,
                  u8 *out) {
  const int j = blockIdx.x * blockDim.x + threadIdx.x;
  const int i = blockIdx.y * blockDim.y + threadIdx.y;
  if (i >= crop.size || j >= crop.size) return;
  Line down, across;
  lines(crop, i, j, down, across);
  float a[4], b[4], d[4], e[4];
  levels_at(alpha, counts, narrow, wide, down.first, across.first, a);
  levels_at(alpha, counts, narrow, wide, down.first, across.second, b);
  levels_at(alpha, counts, narrow, wide, down.second, across.first, d);
  levels_at(alpha, counts, narrow, wide, down.second, across.second, e);
  const i64 plane = (i64)crop.size * crop.size;
#pragma unroll
  for (int k = 0; k < 4; k++)
    out[k * plane + (i64)i * crop.size + j] = joined(a[k], b[k], d[k], e[k], down, across);
}
