// Compositing in linear light, see composite/cpu.py: a thread takes one cell, the pixels that share
// a chroma sample, or a quad of one plane.
#include "../colour/colour.cuh"

// Tables between codes and light (colour/transfer.py); top is the last index of the first.
struct Tables {
  const float *light;
  const float *code;
  float top;
  int shift;
};

struct Foreground {
  Planes3 planes;  // R, G, B, 16 bits
  i64 given;
};

SM_FN float blended(float near, float far, int alpha, const float *__restrict__ code) {
  return encode_light(far + (float)alpha * (1.0f / 65535.0f) * (near - far), code);
}

// Indices into the table of light of one pixel.
SM_FN void light_of(float y, float u, float v, const ToRgb &t, const Tables &tables,
                    float light[3]) {
  float rgb[3];
  rgb_of((y - t.black) * t.y_scale, u - t.neutral, v - t.neutral, t, rgb);
#pragma unroll
  for (int c = 0; c < 3; c++) light[c] = tables.light[table_index(rgb[c], tables.top)];
}

struct Picture {
  Planes3 plate, background, out;
  Plane alpha;
};

// Codes (without the shift) of chroma of one pixel; its luma is written.
SM_FN void over_pixel(const Picture &p, const Foreground &f, const ToRgb &t, const FromRgb &b,
                      const Tables &tables, int y, int x, int alpha, const float plate_uv[2],
                      const float back_uv[2], float uv[2]) {
  const float unit = 1.0f / (float)(1 << tables.shift);
  if (alpha == OPAQUE || alpha == 0) {
    const Plane &source = alpha ? p.plate.part[0] : p.background.part[0];
    store_code(p.out.part[0], y, x, load_code(source, y, x));
    uv[0] = (alpha ? plate_uv[0] : back_uv[0]) * unit;
    uv[1] = (alpha ? plate_uv[1] : back_uv[1]) * unit;
    return;
  }
  float near[3], far[3], rgb[3];
  light_of(load(p.background.part[0], y, x), back_uv[0], back_uv[1], t, tables, far);
  if (f.given) {
#pragma unroll
    for (int c = 0; c < 3; c++)
      near[c] = tables.light[(int)(load(f.planes.part[c], y, x) * (tables.top / 65535.0f) + 0.5f)];
  } else {
    light_of(load(p.plate.part[0], y, x), plate_uv[0], plate_uv[1], t, tables, near);
  }
#pragma unroll
  for (int c = 0; c < 3; c++) rgb[c] = blended(near[c], far[c], alpha, tables.code);
  const float luma = luma_of(rgb[0], rgb[1], rgb[2], b);
  store_code(p.out.part[0], y, x, (int)(b.black + b.y_scale * luma + 0.5f) << tables.shift);
  uv[0] = b.neutral + b.u_b * (rgb[2] - luma);
  uv[1] = b.neutral + b.v_r * (rgb[0] - luma);
}

SM_FN void over_cell(const Picture &p, const Foreground &f, const ToRgb &t, const FromRgb &b,
                     const Tables &tables, const Grid &g, int j, int i, int width, int height) {
  const int y0 = j * g.chroma_y, x0 = i * g.chroma_x;
  const int y1 = min(y0 + g.chroma_y, height), x1 = min(x0 + g.chroma_x, width);
  const float plate_uv[2] = {load(p.plate.part[1], j, i), load(p.plate.part[2], j, i)};
  const float back_uv[2] = {load(p.background.part[1], j, i), load(p.background.part[2], j, i)};
  float sums[2] = {0.0f, 0.0f};
  int every = OPAQUE, some = 0;
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++) {
      const int alpha = load_code(p.alpha, y, x);
      float uv[2];
      over_pixel(p, f, t, b, tables, y, x, alpha, plate_uv, back_uv, uv);
      sums[0] += uv[0], sums[1] += uv[1];
      every &= alpha, some |= alpha;
    }
  const float share = 1.0f / (float)((y1 - y0) * (x1 - x0));
#pragma unroll
  for (int c = 0; c < 2; c++) {
    const int mixed = (int)fminf(sums[c] * share + 0.5f, b.top) << tables.shift;
    const float solid = every == OPAQUE ? plate_uv[c] : back_uv[c];
    store_code(p.out.part[1 + c], j, i, every == OPAQUE || some == 0 ? (int)solid : mixed);
  }
}

SM_KERNEL over_yuv(Picture picture, Foreground foreground, ToRgb to_terms, FromRgb from_terms,
                   Tables tables, Grid grid, int width, int height) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const int j = grid_row();
  if (i < grid.columns && j < grid.rows)
    over_cell(picture, foreground, to_terms, from_terms, tables, grid, j, i, width, height);
}

// Planes of encoded channels: R, G, B, or gray; black and span are those of stored codes.
SM_KERNEL over_planes(Picture picture, Foreground foreground, int planes, float black, float span,
                      Tables tables, int width, int height) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  const float scale = tables.top / span, unit = 1.0f / (float)(1 << tables.shift);
  int alpha[4];
  load_quad(picture.alpha, y, x, width, alpha);
#pragma unroll
  for (int c = 0; c < 3; c++) {  // unrolled, so that no plane is picked by a number at run time
    if (c >= planes) break;
    int near[4], far[4], out[4];
    load_quad(picture.plate.part[c], y, x, width, near);
    load_quad(picture.background.part[c], y, x, width, far);
#pragma unroll
    for (int k = 0; k < 4; k++) {
      out[k] = alpha[k] == OPAQUE ? near[k] : far[k];
      if (alpha[k] == OPAQUE || alpha[k] == 0) continue;
      const float back = tables.light[table_index(((float)far[k] - black) * scale, tables.top)];
      float index = ((float)near[k] - black) * scale;
      if (foreground.given)
        index = load(foreground.planes.part[c], y, min(x + k, width - 1)) * (tables.top / 65535.0f);
      const float front = tables.light[table_index(index, tables.top)];
      const float mixed = blended(front, back, alpha[k], tables.code);
      out[k] = (int)((black + mixed * span) * unit + 0.5f) << tables.shift;
    }
    store_quad(picture.out.part[c], y, x, width, out);
  }
}

// Encoded alpha times linear light, never above alpha.
SM_KERNEL premultiply(Planes3 rgb, Plane alpha_, Planes3 out, Tables tables, int width,
                      int height) {
  const int x = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (x >= width || y >= height) return;
  int alpha[4];
  load_quad(alpha_, y, x, width, alpha);
  for (int c = 0; c < 3; c++) {
    int codes[4];
    load_quad(rgb.part[c], y, x, width, codes);
#pragma unroll
    for (int k = 0; k < 4; k++) {
      if (alpha[k] != OPAQUE)
        codes[k] = (int)(blended(tables.light[codes[k]], 0.0f, alpha[k], tables.code) * 65535.0f + 0.5f);
      codes[k] = min(codes[k], alpha[k]);
    }
    store_quad(out.part[c], y, x, width, codes);
  }
}
