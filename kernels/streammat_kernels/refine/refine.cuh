// From glance and focus to the smoothed full-size alpha: the steps of fusion, guided upsampling and
// temporal smoothing side by side and one in the other. Three launches without motion.
#include "../fusion/fusion.cuh"
#include "../guided/guided.cuh"
#include "../temporal/temporal.cuh"

// Fuse and shrink the guide for cell (x, y), measure luma block (x, y).
SM_KERNEL measure(Maps maps, Plane luma, Taps rows_, Taps columns_, float guide_scale, float *snap,
                  float *guide, int cell_columns, int cell_rows, float block_scale, float *means,
                  int columns, int rows, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x < cell_columns && y < cell_rows) {
    const i64 at = (i64)y * cell_columns + x;
    snap[at] = snapped(fused(maps, y, x));
    guide[at] = shrunk_luma(luma, rows_, columns_, y, x, guide_scale);
  }
  if (x < columns && y < rows)
    means[(i64)y * columns + x] = block_mean(luma, y, x, width, height, block_scale);
}

// Tiles of cells, and in the last row of blocks the comparison with the frame before.
SM_KERNEL solve_and_compare(const float *snap, const float *guide, float *slope, float *offset,
                            const float *blur_y, const float *blur_x, int cell_columns,
                            int cell_rows, const float *previous, const float *current,
                            int columns, int rows, float *verdict) {
  __shared__ double scratch[2 * MOST_COARSE + MOST_THREADS];
  if (blockIdx.y + 1 < gridDim.y)
    solve_tile((float *)scratch, blockIdx.x, blockIdx.y, snap, guide, slope, offset, blur_y,
               blur_x, cell_columns, cell_rows);
  else if (blockIdx.x == 0)
    compare_shots(scratch, previous, current, columns, rows, verdict);
}

// A quad of painted codes; x is a multiple of 4.
SM_FN void paint_quad(const Plane &luma, float scale, const Cells &c, const Gaps &g, int y, int x,
                      int width, int codes[4]) {
#pragma unroll
  for (int k = 0; k < 4; k++) codes[k] = painted(luma, scale, c, g, y, min(x + k, width - 1));
}

SM_KERNEL paint_and_smooth(Plane luma, float scale, Cells cells_, Gaps gaps, Past past, Plane out,
                           int width, int height) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  int codes[4];
  paint_quad(luma, scale, cells_, gaps, y, x, width, codes);
  smooth_quad(past, y, x, width, codes);
  store_quad(out, y, x, width, codes);
}

// Paint block (x, y) and move the memory of it to where it is now; temporal.blend follows.
SM_KERNEL paint_and_recall(Plane luma, float scale, Cells cells_, Gaps gaps, Trail trail,
                           Plane out) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= trail.columns || y >= trail.rows) return;
  for (int row = y * BLOCK; row < min((y + 1) * BLOCK, trail.height); row++) {
    int codes[4];
    paint_quad(luma, scale, cells_, gaps, row, x * BLOCK, trail.width, codes);
    store_quad(out, row, x * BLOCK, trail.width, codes);
  }
  recall_block(out, trail, y, x);  // reads what this very thread has painted
}
