// Training samples, see augment/reference.py. What the crops of a batch need of their pictures is
// fitted, denoised and summed into buffers; two kernels then make the seven maps straight at the
// crops' output. A launch works on up to MOST_SAMPLES samples of different sizes: rows of threads
// run over samples and ``span`` rows each, of which a sample uses as many as it has.
#include "../crops/crops.cuh"

typedef unsigned long long u64;
constexpr int MOST_SAMPLES = 16;  // their records travel as an argument, 4 KB at most
constexpr int STRIP = 32;         // rows that a thread of sum_columns goes down

// Rows top .. top + rows - 1 and columns left .. of a picture (height, width), R'G'B' interleaved
// or one channel.
struct Part {
  const u8 *pixels;
  int top, left, rows, columns, height, width;
};

SM_FN int sample(const Part &p, int y, int x, int c) {
  return p.pixels[((i64)(y - p.top) * p.columns + (x - p.left)) * 3 + c];
}

SM_FN int single(const Part &p, int y, int x) {
  return p.pixels[(i64)(y - p.top) * p.columns + (x - p.left)];
}

// Reflected at the border samples, which are not repeated.
SM_FN int mirrored(int i, int length) {
  if (i >= 0 && i < length) return i;
  if (length == 1) return 0;
  const int period = 2 * (length - 1);
  i = (i % period + period) % period;
  return min(i, period - i);
}

struct Refit {
  Part from, to;
};
struct Refits {
  Refit at[MOST_SAMPLES];
};

// Pictures at the size of ``to``, as far as ``to`` reaches.
SM_KERNEL fit(Refits jobs, int count, int span) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int row = grid_row();
  const int n = row / span, y = row % span;
  if (n >= count) return;
  const Part from = jobs.at[n].from, to = jobs.at[n].to;
  if (x >= to.columns || y >= to.rows) return;
  const Window down = window(to.top + y, from.height, to.height);
  const Window across = window(to.left + x, from.width, to.width);
  float total[3] = {0.0f, 0.0f, 0.0f};
  for (int j = 0; j < down.count; j++)
    for (int i = 0; i < across.count; i++) {
      const float share = weight(down, j) * weight(across, i);
#pragma unroll
      for (int c = 0; c < 3; c++)
        total[c] += share * (float)sample(from, down.first + j, across.first + i, c);
    }
  u8 *out = (u8 *)to.pixels + ((i64)y * to.columns + x) * 3;
#pragma unroll
  for (int c = 0; c < 3; c++) out[c] = (u8)(total[c] + 0.5f);
}

struct Calming {
  Part from, to;
  float sigma;
  int unused;
};
struct Calmings {
  Calming at[2 * MOST_SAMPLES];  // foregrounds and backgrounds
};

// Local Wiener filter over 5 x 5 samples; x runs over the channels of all columns.
SM_KERNEL denoise(Calmings jobs, int count, int span) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const int row = grid_row();
  const int n = row / span, y = row % span;
  if (n >= count) return;
  const Part from = jobs.at[n].from, to = jobs.at[n].to;
  if (i >= 3 * to.columns || y >= to.rows) return;
  const int x = i / 3, c = i % 3;
  const float noise = jobs.at[n].sigma * jobs.at[n].sigma, share = 1.0f / 25.0f;
  int total = 0, square = 0;
  int place[5];
#pragma unroll
  for (int k = 0; k < 5; k++) place[k] = mirrored(to.left + x + k - 2, to.width);
#pragma unroll
  for (int j = 0; j < 5; j++) {
    const int down = mirrored(to.top + y + j - 2, to.height);
#pragma unroll
    for (int k = 0; k < 5; k++) {
      const int code = sample(from, down, place[k], c);
      total += code, square += code * code;
    }
  }
  const float mean = (float)total * share;
  const float spread = (float)(25 * square - total * total) * (share * share);
  const float gain = fmaxf(spread - noise, 0.0f) / fmaxf(spread, noise);
  const float own = (float)sample(from, to.top + y, to.left + x, c);
  ((u8 *)to.pixels)[(i64)y * 3 * to.columns + i] = (u8)(mean + gain * (own - mean) + 0.5f);
}

// Sums of ``blur`` samples one below the other, around the rows of a crop and as far to its sides
// as the box reaches: (side, side + blur, 3).
struct Summing {
  Part from;
  int *sums;
  int blur, x, y, side;
};
struct Summings {
  Summing at[MOST_SAMPLES];
};

// x runs over the channels of all columns; a thread adds and takes away down its strip.
SM_KERNEL sum_columns(Summings jobs, int count, int span) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const int row = grid_row();
  const int n = row / span, first = (row % span) * STRIP;
  if (n >= count) return;
  const Summing s = jobs.at[n];
  const int wide = 3 * (s.side + s.blur);
  if (i >= wide || first >= s.side) return;
  const int before = s.blur / 2, c = i % 3;
  const int x = mirrored(s.x - before + i / 3, s.from.width);
  int total = 0;
  for (int k = 0; k < s.blur; k++)
    total += sample(s.from, mirrored(s.y + first - before + k, s.from.height), x, c);
  for (int r = first; r < min(first + STRIP, s.side); r++) {
    s.sums[(i64)r * wide + i] = total;
    if (r + 1 >= s.side) break;
    const int top = s.y + r - before;
    total += sample(s.from, mirrored(top + s.blur, s.from.height), x, c);
    total -= sample(s.from, mirrored(top, s.from.height), x, c);
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

struct Layer {
  Part front, back, alpha;
  const int *sums;  // where the background is blurred
  u8 *out;          // (3, 3, size, size)
  Square crop;
  int blur;
  u32 seed;
  float sigma;  // 0: no noise
};
struct Layers {
  Layer at[MOST_SAMPLES];
};

SM_FN float cut(float value) {
  return (float)(int)(clip(value, 0.0f, 255.0f) + 0.0009765625f);
}

SM_FN float boxed(const Layer &s, int y, int x, int c) {
  const int wide = s.crop.side + s.blur;
  const int *sums = s.sums + ((i64)(y - s.crop.y) * wide + (x - s.crop.x)) * 3 + c;
  int total = 0;
  for (int k = 0; k < s.blur; k++) total += sums[3 * k];
  return (float)total * (1.0f / (float)(s.blur * s.blur));
}

// Image, foreground and background of channel c at a pixel of the picture.
SM_FN void mixed(const Layer &s, const float *levels, int y, int x, int c, float out[3]) {
  float front = (float)sample(s.front, y, x, c);
  float back = s.blur ? boxed(s, y, x, c) : (float)sample(s.back, y, x, c);
  const float share = (float)single(s.alpha, y, x) * (1.0f / 255.0f);
  float image = cut(share * front + (1.0f - share) * back);
  if (s.sigma > 0.0f) {
    u32 word = (u32)(((i64)y * s.alpha.width + x) * 3 + c) ^ s.seed;
    word = (word ^ (word >> 16)) * 0x7FEB352Du;
    word = (word ^ (word >> 15)) * 0x846CA68Bu;
    word ^= word >> 16;
    const float noise = s.sigma * levels[word >> 20];
    image = cut(image + noise), front = cut(front + noise), back = cut(back + noise);
  }
  out[0] = image, out[1] = front, out[2] = back;
}

// The levels of the noise are those of noise.py. A place that falls on a pixel needs that one only.
SM_KERNEL layers(Layers jobs, int count, int span, const float *levels) {
  const int j = blockIdx.x * blockDim.x + threadIdx.x;
  const int row = grid_row();
  const int n = row / span, i = row % span;
  if (n >= count) return;
  const Layer &s = jobs.at[n];
  if (i >= s.crop.size || j >= s.crop.size) return;
  Line down, across;
  lines(s.crop, i, j, down, across);
  const i64 plane = (i64)s.crop.size * s.crop.size, at = (i64)i * s.crop.size + j;
  const bool wide = across.second != across.first, deep = down.second != down.first;
  for (int c = 0; c < 3; c++) {
    float a[3], b[3], d[3], e[3];
    mixed(s, levels, down.first, across.first, c, a);
#pragma unroll
    for (int k = 0; k < 3; k++) b[k] = d[k] = a[k];
    if (wide) mixed(s, levels, down.first, across.second, c, b);
    if (deep) mixed(s, levels, down.second, across.first, c, d);
#pragma unroll
    for (int k = 0; k < 3; k++) e[k] = wide ? b[k] : d[k];
    if (wide && deep) mixed(s, levels, down.second, across.second, c, e);
#pragma unroll
    for (int k = 0; k < 3; k++)
      s.out[(k * 3 + c) * plane + at] = joined(a[k], b[k], d[k], e[k], down, across);
  }
}

// Where a matte has some alpha and where it is not opaque, 64 columns a word, rows first .. first +
// rows - 1. Bit b of word w is column left + 64 w + b; what is not there counts as neither.
struct Packing {
  Part alpha;
  u64 *bits;  // (2, rows, words)
  int first, rows, left, words;
};
struct Packings {
  Packing at[MOST_SAMPLES];
};

SM_KERNEL pack(Packings jobs, int count, int span) {
  const int w = blockIdx.x * blockDim.x + threadIdx.x;
  const int row = grid_row();
  const int n = row / span, y = row % span;
  if (n >= count) return;
  const Packing s = jobs.at[n];
  if (w >= s.words || y >= s.rows) return;
  u64 some = 0, not_solid = 0;
  for (int b = 0; b < 64; b++) {
    const int x = s.left + 64 * w + b;
    if (x < s.alpha.left || x >= s.alpha.left + s.alpha.columns) continue;
    const int code = single(s.alpha, s.first + y, x);
    some |= (u64)(code != 0) << b;
    not_solid |= (u64)(code != 255) << b;
  }
  s.bits[(i64)y * s.words + w] = some;
  s.bits[((i64)s.rows + y) * s.words + w] = not_solid;
}

// Both dilated by both ellipses, at the rows and columns of a crop.
struct Dilating {
  const u64 *bits;
  u64 *out;  // (2 ellipses, 2, side, words - 2)
  int first, rows, words, y, side, unused;
};
struct Dilatings {
  Dilating at[MOST_SAMPLES];
};

// An ellipse as its rows from the widest to the narrowest: the row's offset, and by how many columns
// it reaches further left and right than the next one (launch.steps_of).
struct Ellipse {
  const int *steps;
  i64 count;
};

// Rows are joined from the widest on and grow, step by step, by what they are wider than the next.
// The outer words lose a bit a step at their outer ends, 63 at most, and the middle one none.
SM_FN u64 dilated(const Ellipse &e, const u64 *bits, const Dilating &s, int y, int word) {
  u64 low = 0, middle = 0, high = 0;
  for (int k = 0; k < (int)e.count; k++) {
    const int *step = e.steps + 3 * k;
    const int row = y + step[0] - s.first;
    if (row >= 0 && row < s.rows) {
      const u64 *at = bits + (i64)row * s.words + word;
      low |= at[0], middle |= at[1], high |= at[2];
    }
    const int left = step[1], right = step[2];
    for (int i = 0; i < max(left, right); i++) {
      u64 a = low, b = middle, c = high;
      if (i < left) a |= low << 1, b |= middle << 1 | low >> 63, c |= high << 1 | middle >> 63;
      if (i < right) a |= low >> 1 | middle << 63, b |= middle >> 1 | high << 63, c |= high >> 1;
      low = a, middle = b, high = c;
    }
  }
  return middle;
}

SM_KERNEL dilate(Dilatings jobs, int count, int span, Ellipse narrow, Ellipse wide) {
  const int word = blockIdx.x * blockDim.x + threadIdx.x;
  const int row = grid_row();
  const int n = row / span, r = row % span;
  if (n >= 4 * count) return;
  const Dilating s = jobs.at[n / 4];
  const int words = s.words - 2, which = n % 4;  // two ellipses of two maps
  if (word >= words || r >= s.side) return;
  const u64 *bits = s.bits + (which & 1 ? (i64)s.rows * s.words : 0);
  s.out[((i64)which * s.side + r) * words + word] =
      which < 2 ? dilated(narrow, bits, s, s.y + r, word) : dilated(wide, bits, s, s.y + r, word);
}

struct Labelling {
  Part alpha;
  const u64 *dilated;
  u8 *out;  // (4, size, size)
  Square crop;
  int words;
};
struct Labellings {
  Labelling at[MOST_SAMPLES];
};

SM_FN bool is_set(const Labelling &s, int which, int y, int x) {
  const int r = y - s.crop.y, column = x - s.crop.x;
  return s.dilated[((i64)which * s.crop.side + r) * s.words + column / 64] >> (column % 64) & 1;
}

// Alpha, trimap, dilation and erosion at a pixel of the picture.
SM_FN void levels_at(const Labelling &s, int y, int x, float out[4]) {
  out[0] = (float)single(s.alpha, y, x);
  out[1] = !is_set(s, 1, y, x) ? 255.0f : is_set(s, 0, y, x) ? 128.0f : 0.0f;
  out[2] = is_set(s, 2, y, x) ? 255.0f : 0.0f;
  out[3] = is_set(s, 3, y, x) ? 0.0f : 255.0f;
}

SM_KERNEL regions(Labellings jobs, int count, int span) {
  const int j = blockIdx.x * blockDim.x + threadIdx.x;
  const int row = grid_row();
  const int n = row / span, i = row % span;
  if (n >= count) return;
  const Labelling &s = jobs.at[n];
  if (i >= s.crop.size || j >= s.crop.size) return;
  Line down, across;
  lines(s.crop, i, j, down, across);
  float a[4], b[4], d[4], e[4];
  levels_at(s, down.first, across.first, a);
  levels_at(s, down.first, across.second, b);
  levels_at(s, down.second, across.first, d);
  levels_at(s, down.second, across.second, e);
  const i64 plane = (i64)s.crop.size * s.crop.size;
#pragma unroll
  for (int k = 0; k < 4; k++)
    s.out[k * plane + (i64)i * s.crop.size + j] = joined(a[k], b[k], d[k], e[k], down, across);
}
