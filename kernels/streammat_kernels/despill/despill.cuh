// Despill, see despill/__init__.py for the formula.
#include "../device.cuh"

// channels: the screen's, then the two others, of source and of out.
SM_FN int limited(int screen, int first, int second, int alpha, float amount, float band) {
  const float excess = fmaxf(0.0f, (float)screen - ((float)first + (float)second) * 0.5f);
  const float weight = fminf(1.0f, (float)(65535 - alpha) * (1.0f / (band * 65535.0f)));
  return (int)((float)screen - amount * weight * excess + 0.5f);
}

SM_KERNEL limit_screen(Planes3 source, Planes3 out, Plane alpha_, float amount, float band,
                       int width, int height) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  int screen[4], first[4], second[4], alpha[4];
  load_quad(source.part[0], y, x, width, screen);
  load_quad(source.part[1], y, x, width, first);
  load_quad(source.part[2], y, x, width, second);
  load_quad(alpha_, y, x, width, alpha);
#pragma unroll
  for (int k = 0; k < 4; k++)
    screen[k] = limited(screen[k], first[k], second[k], alpha[k], amount, band);
  store_quad(out.part[0], y, x, width, screen);
  store_quad(out.part[1], y, x, width, first);
  store_quad(out.part[2], y, x, width, second);
}
