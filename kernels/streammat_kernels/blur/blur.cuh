// Background blur, see blur/cpu.py and defocus.py: weighted light on a coarse grid, a disc over
// running sums, a pyramid where there is no background, codes interpolated back to full size.
#include "../composite/composite.cuh"

constexpr int HAZE = 8;          // a pixel counts fully at alpha 0 and not at all from 1 / HAZE up
constexpr int UNIT = 1 << 20;    // light 1 at full weight, in integers, so that sums are exact
constexpr float TRACE = 1e-4f;   // weight of a coarser level where a level has light of its own

struct Source {
  Planes3 planes;
  Plane alpha;
  ToRgb terms;  // for RGB and gray only black and y_scale
  int is_rgb;
};

// Linear light of pixel (y, x).
SM_FN void pixel_light(const Source &s, const Tables &tables, const Grid &g, int y, int x,
                       float light[3]) {
  const int cy = y / g.chroma_y, cx = x / g.chroma_x;
  const float first = load(s.planes.part[0], y, x);
  const float second = load(s.planes.part[1], cy, cx), third = load(s.planes.part[2], cy, cx);
  if (!s.is_rgb) {
    light_of(first, second, third, s.terms, tables, light);
    return;
  }
  const float codes[3] = {first, second, third};
#pragma unroll
  for (int c = 0; c < 3; c++) {
    const float value = (codes[c] - s.terms.black) * s.terms.y_scale;
    light[c] = tables.light[table_index(value, tables.top)];
  }
}

// Block (i, j) of the grid: sums of light times weight, of weight, and the least weight.
SM_KERNEL reduce(Source source, Tables tables, Grid grid, int factor, float *sums, float *clear,
                 int columns, int rows, int width, int height) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const int j = grid_row();
  if (i >= columns || j >= rows) return;
  float total[4] = {0.0f, 0.0f, 0.0f, 0.0f}, least = 1.0f;
  for (int y = j * factor; y < min((j + 1) * factor, height); y++)
    for (int x = i * factor; x < min((i + 1) * factor, width); x++) {
      const float weight = fmaxf(1.0f - (HAZE / 65535.0f) * load(source.alpha, y, x), 0.0f);
      least = fminf(least, weight);
      if (weight == 0.0f) continue;
      float light[3];
      pixel_light(source, tables, grid, y, x, light);
#pragma unroll
      for (int c = 0; c < 3; c++) total[c] += weight * light[c];
      total[3] += weight;
    }
  const i64 at = (i64)j * columns + i, plane = (i64)columns * rows;
#pragma unroll
  for (int c = 0; c < 4; c++) sums[c * plane + at] = total[c];
  clear[at] = least;
}

SM_KERNEL erode(const float *clear, float *eroded, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  float least = 1.0f;
#pragma unroll
  for (int j = -1; j < 2; j++)
#pragma unroll
    for (int i = -1; i < 2; i++) {
      const int yy = min(max(y + j, 0), height - 1), xx = min(max(x + i, 0), width - 1);
      least = fminf(least, clear[(i64)yy * width + xx]);
    }
  eroded[(i64)y * width + x] = least;
}

SM_KERNEL keep(const float *sums, const float *clear, float share, float *image, int width,
               int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  const i64 at = (i64)y * width + x, plane = (i64)width * height;
#pragma unroll
  for (int c = 0; c < 4; c++) image[c * plane + at] = sums[c * plane + at] * (clear[at] * share);
}

constexpr int PREFIX_THREADS = 256;

// Running sums (4, h, w + 1) of one row of one channel, in units of 1 / UNIT; a block each.
SM_KERNEL prefix(const float *image, int *sums, int width, int height) {
  __shared__ int partial[PREFIX_THREADS];
  const int row = blockIdx.x, channel = blockIdx.y;
  const float *source = image + ((i64)channel * height + row) * width;
  int *target = sums + ((i64)channel * height + row) * (width + 1);
  const int each = (width + blockDim.x - 1) / blockDim.x;
  const int first = threadIdx.x * each, end = min(first + each, width);
  int total = 0;
  for (int x = first; x < end; x++) total += (int)(source[x] * UNIT + 0.5f);
  partial[threadIdx.x] = total;
  __syncthreads();
  int before = 0;
  for (unsigned t = 0; t < threadIdx.x; t++) before += partial[t];
  if (threadIdx.x == 0) target[0] = 0;
  for (int x = first; x < end; x++) {
    before += (int)(source[x] * UNIT + 0.5f);
    target[x + 1] = before;
  }
}

SM_KERNEL pull(const float *image, float *small, int width, int height, int columns, int rows) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= columns || y >= rows) return;
  const int right = min(2 * x + 1, width - 1), below = min(2 * y + 1, height - 1);
#pragma unroll
  for (int c = 0; c < 4; c++) {
    const float *plane = image + (i64)c * width * height;
    const float *upper = plane + (i64)(2 * y) * width, *lower = plane + (i64)below * width;
    small[((i64)c * rows + y) * columns + x] =
        0.25f * ((upper[2 * x] + upper[right]) + (lower[2 * x] + lower[right]));
  }
}

SM_FN float twice(const float *coarse, int columns, int rows, int y, int x) {
  const int j = y >> 1, i = x >> 1;
  const int jj = min(max(j + (y & 1 ? 1 : -1), 0), rows - 1);
  const int ii = min(max(i + (x & 1 ? 1 : -1), 0), columns - 1);
  const float *near = coarse + (i64)j * columns, *far = coarse + (i64)jj * columns;
  return 0.75f * (0.75f * near[i] + 0.25f * near[ii]) + 0.25f * (0.75f * far[i] + 0.25f * far[ii]);
}

// Light of every sample: its own where it has weight, else the coarser level's; that level is null
// for the coarsest.
SM_KERNEL push(const float *image, const float *coarse, float *fill_, int width, int height,
               int columns, int rows) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  const i64 at = (i64)y * width + x, plane = (i64)width * height;
  const float weight = image[3 * plane + at];
#pragma unroll
  for (int c = 0; c < 3; c++) {
    const float own = image[c * plane + at];
    if (coarse == nullptr)
      fill_[c * plane + at] = own / fmaxf(weight, 1e-20f);
    else
      fill_[c * plane + at] = (own + TRACE * twice(coarse + (i64)c * columns * rows, columns, rows, y, x)) / (weight + TRACE);
  }
}

// The mean light under a disc, as sample values: Y, U, V, or R, G, B. spans: half widths of its rows.
SM_KERNEL disc(const int *sums, const float *fill_, const int *spans, int count, float trace,
               FromRgb terms, int is_rgb, const float *code, float *blurred, int width,
               int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  int total[4] = {0, 0, 0, 0};
  const int radius = count / 2;
  for (int k = max(-radius, -y); k <= min(radius, height - 1 - y); k++) {
    const int span = spans[k + radius];
    const int start = max(x - span, 0), end = min(x + span + 1, width);
#pragma unroll
    for (int c = 0; c < 4; c++) {
      const int *row = sums + ((i64)c * height + y + k) * (width + 1);
      total[c] += row[end] - row[start];
    }
  }
  const i64 at = (i64)y * width + x, plane = (i64)width * height;
  const float weight = (float)total[3] * (1.0f / UNIT) + trace;
  float rgb[3];
#pragma unroll
  for (int c = 0; c < 3; c++) {
    const float light = (float)total[c] * (1.0f / UNIT) + trace * fill_[c * plane + at];
    rgb[c] = encode_light(light / weight, code);
  }
  const float luma = is_rgb ? rgb[0] : luma_of(rgb[0], rgb[1], rgb[2], terms);
  blurred[at] = terms.black + terms.y_scale * luma;
  blurred[plane + at] = is_rgb ? terms.black + terms.y_scale * rgb[1]
                               : terms.neutral + terms.u_b * (rgb[2] - luma);
  blurred[2 * plane + at] = is_rgb ? terms.black + terms.y_scale * rgb[2]
                                   : terms.neutral + terms.v_r * (rgb[0] - luma);
}

// Positions along one axis: the first of two samples, and the share of the second.
struct Axis {
  const int *first;
  const float *share;
};

SM_KERNEL enlarge(const float *small, int columns, int rows, Axis down, Axis across, Plane out,
                  int shift, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  const int j = down.first[y], i = across.first[x];
  const float *near = small + (i64)j * columns, *far = small + (i64)min(j + 1, rows - 1) * columns;
  const int ii = min(i + 1, columns - 1);
  const float left = mix(near[i], far[i], down.share[y]);
  const float right = mix(near[ii], far[ii], down.share[y]);
  store_code(out, y, x, (int)(mix(left, right, across.share[x]) + 0.5f) << shift);
}
