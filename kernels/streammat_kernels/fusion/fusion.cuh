// GFM's fusion, see fusion/cpu.py.
#include "../device.cuh"

enum Mode { TT = 0, FT = 1, BT = 2, FUSED = 3 };  // FUSED: focus is the alpha already

// Glance and focus of one picture: channels of glance lie ``plane`` floats apart.
struct Maps {
  const float *glance;
  const float *focus;
  i64 plane, glance_stride, focus_stride;
  i64 mode;
};

SM_FN float fused(const Maps &m, int y, int x) {
  const float *glance = m.glance + (i64)y * m.glance_stride + x;
  const float focus = m.focus[(i64)y * m.focus_stride + x];
  if (m.mode == FUSED) return focus;
  const float first = glance[0], second = glance[m.plane];
  if (m.mode == TT) {
    const float third = glance[2 * m.plane];
    if (first >= second && first >= third) return 0.0f;
    return second >= third ? focus : 1.0f;
  }
  const int core = second > first;
  if (m.mode == FT) return core ? 1.0f : fminf(1.0f, focus);
  return core ? fmaxf(0.0f, 1.0f - focus) : 0.0f;
}

SM_KERNEL fuse(Maps maps, Plane out, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x < width && y < height) store_float(out, y, x, fused(maps, y, x));
}
