// Guided upsampling, see guided/cpu.py and reference.py: cells, a chain of 3x3 stencils on them,
// then pixels. Cells beyond the border repeat the border.
#include "../device.cuh"

// Alpha within half an 8-bit step of 0 or 1 is exactly that.
SM_FN float snapped(float alpha) {
  const float solid = 0.5f / 255.0f;
  return alpha < solid ? 0.0f : (alpha > 1.0f - solid ? 1.0f : alpha);
}

// Area average of luma, 0..1, over cell (x, y).
SM_FN float shrunk_luma(const Plane &luma, const Taps &rows, const Taps &columns, int y, int x,
                        float scale) {
  const int y0 = rows.start[y], x0 = columns.start[x];
  const int down = (int)rows.count, across = (int)columns.count;
  float total = 0.0f;
  for (int j = 0; j < down; j++) {
    float line = 0.0f;
    for (int i = 0; i < across; i++)
      line += columns.weights[(i64)x * across + i] * load(luma, y0 + j, x0 + i);
    total += rows.weights[(i64)y * down + j] * line;
  }
  return total * scale;
}

SM_KERNEL cells(Plane alpha, Plane luma, Taps rows, Taps columns, float scale, float *snap,
                float *guide, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  snap[(i64)y * width + x] = snapped(load(alpha, y, x));
  guide[(i64)y * width + x] = shrunk_luma(luma, rows, columns, y, x, scale);
}

// The cells that a block of threads works on: its own and five around them, for five stencils.
constexpr int TILE_X = 32, TILE_Y = 16, HALO = 5;
constexpr int SPAN_X = TILE_X + 2 * HALO, SPAN_Y = TILE_Y + 2 * HALO, SPAN = SPAN_X * SPAN_Y;

// Slope of alpha over the guide in 3x3 cells, times the squared share that it explains.
SM_FN float trusted_slope(const float a[9], const float g[9]) {
  const float luma_noise = 1e-3f, alpha_noise = 1e-2f, ninth = 1.0f / 9.0f;
  float low = a[0], high = a[0], mean_a = 0.0f, mean_g = 0.0f;
#pragma unroll
  for (int i = 0; i < 9; i++) {
    low = fminf(low, a[i]), high = fmaxf(high, a[i]);
    mean_a += a[i], mean_g += g[i];
  }
  if (high == 0.0f || low == 1.0f) return 0.0f;
  mean_a *= ninth, mean_g *= ninth;
  float both = 0.0f, guides = 0.0f, alphas = 0.0f;
#pragma unroll
  for (int i = 0; i < 9; i++) {
    const float da = a[i] - mean_a, dg = g[i] - mean_g;
    both += da * dg, guides += dg * dg, alphas += da * da;
  }
  both *= ninth;
  const float slope = both / (guides * ninth + luma_noise);
  const float explained = slope * both / (alphas * ninth + alpha_noise);
  return slope * explained * explained;
}

// A tile of cells in shared memory; (x, y) are cells of the picture.
struct Tile {
  int x0, y0, width, height;
};

SM_FN int spot(const Tile &t, int y, int x) {
  return (within(y, t.height) - t.y0) * SPAN_X + within(x, t.width) - t.x0;
}

SM_FN void around(const float *plane, const Tile &t, int y, int x, float out[9]) {
#pragma unroll
  for (int j = 0; j < 3; j++)
#pragma unroll
    for (int i = 0; i < 3; i++) out[3 * j + i] = plane[spot(t, y + j - 1, x + i - 1)];
}

// blur: (3, n) weights of the cell before, the cell and the cell after; 0 beyond the border.
SM_FN float blurred(const float *plane, const Tile &t, int y, int x, const float *__restrict__ by,
                    const float *__restrict__ bx) {
  float cells[9], rows[3];
  around(plane, t, y, x, cells);
#pragma unroll
  for (int j = 0; j < 3; j++)
    rows[j] = bx[x] * cells[3 * j] + bx[t.width + x] * cells[3 * j + 1] +
              bx[2 * t.width + x] * cells[3 * j + 2];
  return by[y] * rows[0] + by[t.height + y] * rows[1] + by[2 * t.height + y] * rows[2];
}

// Run body(i, y, x) for every cell of the tile that lies in the picture and up to ``reach`` cells
// around its core; then all threads of the block have done so.
template <typename Body>
SM_FN void for_cells(const Tile &t, int reach, const Body &body) {
  for (int i = threadIdx.x; i < SPAN; i += blockDim.x) {
    const int sx = i % SPAN_X, sy = i / SPAN_X, x = t.x0 + sx, y = t.y0 + sy;
    const int inside = sx >= HALO - reach && sx < SPAN_X - HALO + reach &&
                       sy >= HALO - reach && sy < SPAN_Y - HALO + reach;
    if (inside && x >= 0 && y >= 0 && x < t.width && y < t.height) body(i, y, x);
  }
  __syncthreads();
}

// Slope and offset of the tile's cells; scratch: 6 * SPAN floats of shared memory.
SM_FN void solve_tile(float *scratch, int tile_x, int tile_y, const float *snap,
                      const float *luma, float *slope_out, float *offset_out,
                      const float *__restrict__ by, const float *__restrict__ bx, int width,
                      int height) {
  const Tile t = {tile_x * TILE_X - HALO, tile_y * TILE_Y - HALO, width, height};
  float *alpha = scratch, *guide = scratch + SPAN, *raw = scratch + 2 * SPAN;
  float *slope = scratch + 3 * SPAN, *goal = scratch + 4 * SPAN, *sharper = scratch + 5 * SPAN;
  for_cells(t, 5, [&](int i, int y, int x) {
    alpha[i] = snap[(i64)y * width + x];
    guide[i] = luma[(i64)y * width + x];
  });
  for_cells(t, 4, [&](int i, int y, int x) {
    float a[9], g[9];
    around(alpha, t, y, x, a);
    around(guide, t, y, x, g);
    raw[i] = trusted_slope(a, g);
  });
  for_cells(t, 3, [&](int i, int y, int x) {
    float near[9], total = 0.0f;
    around(raw, t, y, x, near);
#pragma unroll
    for (int k = 0; k < 9; k++) total += near[k];
    slope[i] = total * (1.0f / 9.0f);
  });
  for_cells(t, 2, [&](int i, int y, int x) { goal[i] = alpha[i] - blurred(slope, t, y, x, by, bx) * guide[i]; });
  for_cells(t, 1, [&](int i, int y, int x) { sharper[i] = goal[i] + goal[i] - blurred(goal, t, y, x, by, bx); });
  for_cells(t, 0, [&](int i, int y, int x) {
    slope_out[(i64)y * width + x] = slope[i];
    offset_out[(i64)y * width + x] = sharper[i] + goal[i] - blurred(sharper, t, y, x, by, bx);
  });
}

SM_KERNEL solve(const float *snap, const float *guide, float *slope, float *offset,
                const float *blur_y, const float *blur_x, int width, int height) {
  __shared__ float scratch[6 * SPAN];
  solve_tile(scratch, blockIdx.x, blockIdx.y, snap, guide, slope, offset, blur_y, blur_x, width,
             height);
}

// Between which cells a pixel lies: cells gap - 1 and gap, ``part`` of the way from the first.
struct Gaps {
  const int *gap_y;
  const float *part_y;
  const int *gap_x;
  const float *part_x;
};

struct Cells {
  const float *alpha;
  const float *slope;
  const float *offset;
  int width, height;
};

SM_FN float between(const float *plane, const Cells &c, int gy, int gx, float py, float px) {
  const float *upper = plane + (i64)within(gy - 1, c.height) * c.width;
  const float *lower = plane + (i64)within(gy, c.height) * c.width;
  const int left = within(gx - 1, c.width), right = within(gx, c.width);
  return mix(mix(upper[left], upper[right], px), mix(lower[left], lower[right], px), py);
}

// The code of alpha at pixel (x, y): exact where the cells around are solid, else by the model.
SM_FN int painted(const Plane &luma, float scale, const Cells &c, const Gaps &g, int y, int x) {
  const int gy = g.gap_y[y], gx = g.gap_x[x];
  const int y0 = within(gy - 1, c.height), y1 = within(gy, c.height);
  const int x0 = within(gx - 1, c.width), x1 = within(gx, c.width);
  const float *upper = c.alpha + (i64)y0 * c.width, *lower = c.alpha + (i64)y1 * c.width;
  const float a00 = upper[x0], a01 = upper[x1], a10 = lower[x0], a11 = lower[x1];
  if (a00 == 0.0f && a01 == 0.0f && a10 == 0.0f && a11 == 0.0f) return 0;
  if (a00 == 1.0f && a01 == 1.0f && a10 == 1.0f && a11 == 1.0f) return OPAQUE;
  float low = 1.0f, high = 0.0f;
  for (int j = -2; j < 2; j++)
    for (int i = -2; i < 2; i++) {
      const float value = c.alpha[(i64)within(gy + j, c.height) * c.width + within(gx + i, c.width)];
      low = fminf(low, value), high = fmaxf(high, value);
    }
  const float py = g.part_y[y], px = g.part_x[x];
  const float slope = between(c.slope, c, gy, gx, py, px);
  const float offset = between(c.offset, c, gy, gx, py, px);
  const float value = clip(slope * (load(luma, y, x) * scale) + offset, low, high);
  return (int)(value * 65535.0f + 0.5f);
}

SM_KERNEL paint(Plane luma, float scale, Cells cells_, Gaps gaps, Plane out, int width,
                int height) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  int codes[4];
#pragma unroll
  for (int k = 0; k < 4; k++) codes[k] = painted(luma, scale, cells_, gaps, y, min(x + k, width - 1));
  store_quad(out, y, x, width, codes);
}
