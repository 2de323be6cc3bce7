// Light and codes, see light/cpu.py: float images to 16-bit codes, codes to half floats.
#include "../device.cuh"

// Half floats come by their bits, as an index into a table of all of them.
SM_KERNEL encode_half(Plane light, const u16 *table, Plane out, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x < width && y < height) store_code(out, y, x, table[load_code(light, y, x)]);
}

// Anything that is not above 0 is 0, not-a-number too.
SM_KERNEL encode_float(Plane light, const float *table, Plane out, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  const float value = load(light, y, x);
  const float shown = value > 0.0f ? value : 0.0f;
  store_code(out, y, x, (int)(encode_light(shown, table) * 65535.0f + 0.5f));
}

// Bits of the half nearest to a float in 0..65504, ties to even (IEEE 754).
SM_FN int half_bits(float value) {
  const float smallest_normal = 6.103515625e-05f;  // 2^-14
  if (value < smallest_normal) return __float_as_int(value + 0.5f) - 0x3F000000;
  int bits = __float_as_int(value);
  bits += 0xFFF + ((bits >> 13) & 1);
  return (bits >> 13) - ((127 - 15) << 10);
}

// ``alpha`` without data: light alone.
SM_KERNEL to_half(Plane codes, const float *light, Plane alpha, Plane out, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  const int cover = alpha.data ? load_code(alpha, y, x) : OPAQUE;
  float shown = light[load_code(codes, y, x)];
  if (cover != OPAQUE) shown *= (float)cover * (1.0f / 65535.0f);
  store_code(out, y, x, half_bits(shown));
}
