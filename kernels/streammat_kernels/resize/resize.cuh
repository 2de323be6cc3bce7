// Separable filters: the network's view of a frame in one launch, single planes, chroma grids.
#include "../device.cuh"

SM_FN float filtered(const Plane &p, int y, int x, const Taps &rows, const Taps &columns) {
  const int y0 = rows.start[y], x0 = columns.start[x];
  const int down = (int)rows.count, across = (int)columns.count;
  const float *row_weights = rows.weights + (i64)y * down;
  const float *column_weights = columns.weights + (i64)x * across;
  float total = 0.0f;
  for (int i = 0; i < across; i++) {
    float column = 0.0f;
    for (int j = 0; j < down; j++) column += row_weights[j] * load(p, y0 + j, x0 + i);
    total += column_weights[i] * column;
  }
  return total;
}

// R'G'B' from three filtered planes: out = m[c][0..2] . parts + m[c][3], within 0..255.
struct ViewMatrix {
  float m[3][4];
};

struct ViewTaps {
  Taps luma_rows, luma_columns, chroma_rows, chroma_columns;
};

// Pixel (x, y) of the view; beyond the content its last row and column repeat.
SM_FN void view_pixel(const Planes3 &planes, int used, const ViewTaps &t, const ViewMatrix &matrix,
                      const Planes3 &out, int x, int y, int columns, int rows) {
  const int cx = min(x, columns - 1), cy = min(y, rows - 1);
  float parts[3] = {filtered(planes.part[0], cy, cx, t.luma_rows, t.luma_columns), 0.0f, 0.0f};
#pragma unroll
  for (int i = 1; i < 3; i++)
    if (i < used) parts[i] = filtered(planes.part[i], cy, cx, t.chroma_rows, t.chroma_columns);
#pragma unroll
  for (int c = 0; c < 3; c++) {
    const float *m = matrix.m[c];
    const float value = m[0] * parts[0] + m[1] * parts[1] + m[2] * parts[2] + m[3];
    store_float(out.part[c], y, x, clip(value, 0.0f, 255.0f));
  }
}

SM_KERNEL view(Planes3 planes, int used, ViewTaps taps, ViewMatrix matrix, Planes3 out, int width,
               int height, int columns, int rows) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x < width && y < height) view_pixel(planes, used, taps, matrix, out, x, y, columns, rows);
}

SM_KERNEL resample_float(Plane source, Plane out, Taps rows, Taps columns, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x < width && y < height) store_float(out, y, x, filtered(source, y, x, rows, columns));
}

// Codes: nearest to gain * filtered + offset within 0..top, shifted.
SM_KERNEL resample_codes(Plane source, Plane out, Taps rows, Taps columns, int width, int height,
                         float gain, float offset, float top, int shift) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  const float value = filtered(source, y, x, rows, columns);
  store_code(out, y, x, nearest(gain * value + offset, top) << shift);
}
