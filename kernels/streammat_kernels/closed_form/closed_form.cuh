// Closed-form refinement, see closed_form/cpu.py. Maps of the content, (rows, columns) samples, lie
// without gaps; weights are 25 such maps, so that neighbouring threads read neighbouring floats.
#include "../device.cuh"

constexpr float SURE = 0.02f;
constexpr int REACH = 2, SIDE = 5, STENCIL = 25, WINDOW = 9;

// The network's view of the picture: colour c of (y, x) is data[c * plane + y * stride + x].
struct View {
  const float *data;
  i64 plane, stride;
};

// The colours of the window around a sample: their mean and a ninth of the inverse of their
// covariance. In double: noise may be a millionth of the variance.
struct Colours {
  double mean[3];
  double rr, rg, rb, gg, gb, bb;
};

SM_FN double colour(const View &v, int c, int y, int x) {
  return (1.0 / 255) * v.data[c * v.plane + (i64)y * v.stride + x];
}

SM_FN Colours colours(const View &v, int y, int x, double noise) {
  Colours w;
  double mean[3] = {0, 0, 0};
  for (int k = 0; k < WINDOW; k++) {
    mean[0] += colour(v, 0, y - 1 + k / 3, x - 1 + k % 3);
    mean[1] += colour(v, 1, y - 1 + k / 3, x - 1 + k % 3);
    mean[2] += colour(v, 2, y - 1 + k / 3, x - 1 + k % 3);
  }
  const double share = 1.0 / WINDOW;
  w.mean[0] = mean[0] * share, w.mean[1] = mean[1] * share, w.mean[2] = mean[2] * share;
  double rr = noise, gg = noise, bb = noise, rg = 0, rb = 0, gb = 0;
  for (int k = 0; k < WINDOW; k++) {
    const double r = colour(v, 0, y - 1 + k / 3, x - 1 + k % 3) - w.mean[0];
    const double g = colour(v, 1, y - 1 + k / 3, x - 1 + k % 3) - w.mean[1];
    const double b = colour(v, 2, y - 1 + k / 3, x - 1 + k % 3) - w.mean[2];
    rr += r * r * share, gg += g * g * share, bb += b * b * share;
    rg += r * g * share, rb += r * b * share, gb += g * b * share;
  }
  const double a = gg * bb - gb * gb, b = rb * gb - rg * bb, c = rg * gb - rb * gg;
  const double scale = share / (rr * a + rg * b + rb * c);
  w.rr = a * scale, w.rg = b * scale, w.rb = c * scale;
  w.gg = (rr * bb - rb * rb) * scale, w.gb = (rg * rb - rr * gb) * scale;
  w.bb = (rr * gg - rg * rg) * scale;
  return w;
}

// Neither 0 nor 1, or beside such a sample.
SM_FN int is_unknown(const Plane &alpha, int y, int x, int columns, int rows) {
  int found = 0;
  for (int k = 0; k < WINDOW; k++) {
    const int near_y = y - 1 + k / 3, near_x = x - 1 + k % 3;
    if (near_y < 0 || near_y >= rows || near_x < 0 || near_x >= columns) continue;
    const float value = load(alpha, near_y, near_x);
    found |= value > SURE && value < 1.0f - SURE;
  }
  return found;
}

SM_KERNEL begin(Plane alpha, u8 *unknown, float *now, float *before, int columns, int rows) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= columns || y >= rows) return;
  const i64 at = (i64)y * columns + x;
  const int free_ = is_unknown(alpha, y, x, columns, rows);
  const float value = load(alpha, y, x);
  unknown[at] = (u8)free_;
  now[at] = before[at] = free_ ? value : (value > 0.5f ? 1.0f : 0.0f);
}

// The matting Laplacian's row of every unknown sample: the windows that it lies in, one by one.
SM_KERNEL build(View view, const u8 *unknown, float *weights, double noise, int columns, int rows) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  const i64 map = (i64)rows * columns;
  if (x >= columns || y >= rows || !unknown[(i64)y * columns + x]) return;
  float *own = weights + (i64)y * columns + x;
  for (int k = 0; k < STENCIL; k++) own[k * map] = 0.0f;
  const double r = colour(view, 0, y, x), g = colour(view, 1, y, x), b = colour(view, 2, y, x);
  for (int k = 0; k < WINDOW; k++) {
    const int window_y = y - 1 + k / 3, window_x = x - 1 + k % 3;
    if (window_y < 1 || window_y >= rows - 1 || window_x < 1 || window_x >= columns - 1) continue;
    const Colours w = colours(view, window_y, window_x, noise);
    const double off_r = r - w.mean[0], off_g = g - w.mean[1], off_b = b - w.mean[2];
    const double spread_r = w.rr * off_r + w.rg * off_g + w.rb * off_b;
    const double spread_g = w.rg * off_r + w.gg * off_g + w.gb * off_b;
    const double spread_b = w.rb * off_r + w.gb * off_g + w.bb * off_b;
    own[(STENCIL / 2) * map] += 1.0f;
    for (int j = 0; j < WINDOW; j++) {
      const int near_y = window_y - 1 + j / 3, near_x = window_x - 1 + j % 3;
      const double same = spread_r * (colour(view, 0, near_y, near_x) - w.mean[0]) +
                          spread_g * (colour(view, 1, near_y, near_x) - w.mean[1]) +
                          spread_b * (colour(view, 2, near_y, near_x) - w.mean[2]);
      const int step = (near_y - y + REACH) * SIDE + near_x - x + REACH;
      own[step * map] -= (float)(1.0 / WINDOW + same);
    }
  }
}

// One step: ``before``, the older of both iterates, becomes the newer. Beyond the border weights
// are 0, whatever is read there.
SM_KERNEL iterate(const float *weights, const u8 *unknown, Plane alpha, const float *now,
                  float *before, float trust, float keep, float rate, int columns, int rows) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  const i64 map = (i64)rows * columns, at = (i64)y * columns + x;
  if (x >= columns || y >= rows || !unknown[at]) return;
  const float here = now[at];
  float residual = trust * (load(alpha, y, x) - here);
  for (int k = 0; k < STENCIL; k++) {
    const int near_y = within(y - REACH + k / SIDE, rows);
    const int near_x = within(x - REACH + k % SIDE, columns);
    residual -= weights[k * map + at] * now[(i64)near_y * columns + near_x];
  }
  before[at] = here + keep * (here - before[at]) + rate * residual;
}

SM_KERNEL finish(Plane alpha, const u8 *unknown, const float *now, int columns, int rows) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= columns || y >= rows) return;
  const i64 at = (i64)y * columns + x;
  if (unknown[at]) store_float(alpha, y, x, clip(now[at], 0.0f, 1.0f));
}
