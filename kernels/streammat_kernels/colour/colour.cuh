// Colour: planes to R'G'B' and back, and single planes to another code range. See colour/cpu.py
// for the same steps row by row, reference.py for the definition, matrices.py for the numbers.
#include "../device.cuh"

// As matrices.ToRgb, for samples as they are stored (the shift undone by the scale).
struct ToRgb {
  float black, y_scale, neutral, r_v, g_u, g_v, b_u;
};

// As matrices.FromRgb; unit = 1 << shift.
struct FromRgb {
  float black, y_scale, neutral, kr, kb, u_b, v_r, top;
};

// How chroma lies: subsampling and siting of both directions, rows and columns of a chroma plane.
struct Grid {
  int chroma_x, chroma_y, across, down, rows, columns;
};

SM_FN float chroma_value(const Plane &p, const Pair &v, const Pair &h, float neutral) {
  // As on the CPU, neutral goes first: grey has no colour then, whatever the weights.
  const float near = mix(load(p, v.near, h.near) - neutral, load(p, v.far, h.near) - neutral, v.share);
  const float far = mix(load(p, v.near, h.far) - neutral, load(p, v.far, h.far) - neutral, v.share);
  return mix(near, far, h.share);
}

SM_FN void rgb_of(float y, float u, float v, const ToRgb &t, float rgb[3]) {
  rgb[0] = y + t.r_v * v;
  rgb[1] = y - t.g_u * u - t.g_v * v;
  rgb[2] = y + t.b_u * u;
}

SM_FN void yuv_to_rgb_quad(const Planes3 &yuv, const Planes3 &out, int x, int y, int width,
                           const Grid &g, const ToRgb &t, float peak) {
  int luma[4], codes[3][4];
  load_quad(yuv.part[0], y, x, width, luma);
  const Pair v = chroma_at(y, g.rows, g.chroma_y, g.down);
#pragma unroll
  for (int k = 0; k < 4; k++) {
    const Pair h = chroma_at(min(x + k, width - 1), g.columns, g.chroma_x, g.across);
    const float cb = chroma_value(yuv.part[1], v, h, t.neutral);
    const float cr = chroma_value(yuv.part[2], v, h, t.neutral);
    float rgb[3];
    rgb_of(((float)luma[k] - t.black) * t.y_scale, cb, cr, t, rgb);
#pragma unroll
    for (int c = 0; c < 3; c++) codes[c][k] = nearest(rgb[c], peak);
  }
#pragma unroll
  for (int c = 0; c < 3; c++) store_quad(out.part[c], y, x, width, codes[c]);
}

SM_KERNEL yuv_to_rgb(Planes3 yuv, Planes3 out, int width, int height, Grid grid, ToRgb terms,
                     float peak) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x < width && y < height) yuv_to_rgb_quad(yuv, out, x, y, width, grid, terms, peak);
}

// One channel low-passed to chroma sample (i, j): mean of 2, or 1 2 1 around a co-sited one.
SM_FN float low_pass(const Plane &p, int j, int i, int width, int height, const Grid &g) {
  const int x = i * g.chroma_x, y = j * g.chroma_y;
  const int xs[3] = {max(x - 1, 0), x, min(x + 1, width - 1)};
  const int ys[3] = {max(y - 1, 0), y, min(y + 1, height - 1)};
  const float wx[3] = {g.chroma_x == 2 && g.across ? 0.25f : 0.0f,
                       g.chroma_x == 1 ? 1.0f : 0.5f,
                       g.chroma_x == 1 ? 0.0f : (g.across ? 0.25f : 0.5f)};
  const float wy[3] = {g.chroma_y == 2 && g.down ? 0.25f : 0.0f, g.chroma_y == 1 ? 1.0f : 0.5f,
                       g.chroma_y == 1 ? 0.0f : (g.down ? 0.25f : 0.5f)};
  float total = 0.0f;
#pragma unroll
  for (int b = 0; b < 3; b++)
#pragma unroll
    for (int a = 0; a < 3; a++)
      if (wx[a] != 0.0f && wy[b] != 0.0f) total += wy[b] * wx[a] * load(p, ys[b], xs[a]);
  return total;
}

SM_FN float luma_of(float r, float g, float b, const FromRgb &t) {
  return g + t.kr * (r - g) + t.kb * (b - g);
}

SM_FN void rgb_to_luma_quad(const Planes3 &rgb, const Plane &out, int x, int y, int width,
                            const FromRgb &t, int shift) {
  int r[4], g[4], b[4], codes[4];
  load_quad(rgb.part[0], y, x, width, r);
  load_quad(rgb.part[1], y, x, width, g);
  load_quad(rgb.part[2], y, x, width, b);
#pragma unroll
  for (int k = 0; k < 4; k++) {
    const float luma = luma_of((float)r[k], (float)g[k], (float)b[k], t);
    codes[k] = nearest(t.black + t.y_scale * luma, t.top) << shift;
  }
  store_quad(out, y, x, width, codes);
}

SM_FN void rgb_to_chroma_sample(const Planes3 &rgb, const Planes3 &out, int i, int j, int width,
                                int height, const Grid &grid, const FromRgb &t, int shift) {
  const float r = low_pass(rgb.part[0], j, i, width, height, grid);
  const float g = low_pass(rgb.part[1], j, i, width, height, grid);
  const float b = low_pass(rgb.part[2], j, i, width, height, grid);
  const float luma = luma_of(r, g, b, t);
  store_code(out.part[1], j, i, nearest(t.neutral + t.u_b * (b - luma), t.top) << shift);
  store_code(out.part[2], j, i, nearest(t.neutral + t.v_r * (r - luma), t.top) << shift);
}

// A thread writes a quad of luma and the chroma samples whose first luma row and column lie in it.
SM_KERNEL rgb_to_yuv(Planes3 rgb, Planes3 out, int width, int height, Grid grid, FromRgb terms,
                     int shift, int with_chroma) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  rgb_to_luma_quad(rgb, out.part[0], x, y, width, terms, shift);
  if (!with_chroma || y % grid.chroma_y != 0) return;
  for (int k = 0; k < 4 && x + k < width; k += grid.chroma_x)
    rgb_to_chroma_sample(rgb, out, (x + k) / grid.chroma_x, y / grid.chroma_y, width, height, grid,
                         terms, shift);
}

// out = the code nearest to gain * source + offset, within 0..top, shifted; float64, so exact.
SM_KERNEL rescale(Plane source, Plane out, int width, int height, double gain, double offset,
                  double top, int shift) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  int in[4], codes[4];
  load_quad(source, y, x, width, in);
#pragma unroll
  for (int k = 0; k < 4; k++)
    codes[k] = (int)fmin(fmax(gain * in[k] + (offset + 0.5), 0.0), top) << shift;
  store_quad(out, y, x, width, codes);
}

SM_KERNEL fill(Plane out, int width, int height, int code) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  const int codes[4] = {code, code, code, code};
  store_quad(out, y, x, width, codes);
}
