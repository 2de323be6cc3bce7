// Crop, mirror and resize a batch of float images (N, C, H, W), each by its own rectangle.
#include "../device.cuh"

constexpr int MOST_IMAGES = 128;  // a launch; rectangles travel as an argument

struct Crop {
  int x, y, width, height, mirrored;
};

struct Crops {
  Crop at[MOST_IMAGES];
};

// Samples first .. first + count - 1 of an axis and how output ``i`` weighs them (taps.py).
struct Window {
  int first, count, size_in, size_out, i;
  float share;  // of the second sample, where the axis grows
};

SM_FN Window window(int i, int size_in, int size_out) {
  Window w = {0, 2, size_in, size_out, i, 0.0f};
  if (size_out >= size_in) {
    const float at = clip(((float)i + 0.5f) * (float)size_in / (float)size_out - 0.5f, 0.0f,
                          (float)(size_in - 1));
    w.first = (int)at;
    w.share = at - (float)w.first;
    w.count = w.first + 1 < size_in ? 2 : 1;
    return w;
  }
  w.first = (int)((i64)i * size_in / size_out);
  const i64 end = ((i64)(i + 1) * size_in + size_out - 1) / size_out;
  w.count = (int)min(end, (i64)size_in) - w.first;
  return w;
}

// In units of 1 / size_out of a sample the overlap is an integer, so weights are exact.
SM_FN float weight(const Window &w, int k) {
  if (w.size_out >= w.size_in) return k ? w.share : 1.0f - w.share;
  const i64 sample = w.first + k;
  const i64 end = min((i64)(w.i + 1) * w.size_in, (sample + 1) * w.size_out);
  const i64 begin = max((i64)w.i * w.size_in, sample * w.size_out);
  return (float)(end - begin) / (float)w.size_in;
}

SM_FN float cropped(const float *plane, int stride, const Crop &crop, int y, int x, int height,
                    int width) {
  const Window down = window(y, crop.height, height);
  // The mirror image of a crop, filtered, is the filtered crop's mirror image.
  const Window across = window(crop.mirrored ? width - 1 - x : x, crop.width, width);
  const float *corner = plane + (i64)(crop.y + down.first) * stride + crop.x + across.first;
  float total = 0.0f;
  for (int j = 0; j < down.count; j++) {
    float line = 0.0f;
    for (int i = 0; i < across.count; i++) line += weight(across, i) * corner[(i64)j * stride + i];
    total += weight(down, j) * line;
  }
  return total;
}

// Rows of threads run over images and their output rows; a thread takes all channels of a pixel.
SM_KERNEL crop_flip_resize(const float *images, float *out, Crops crops, int first, int count,
                           int channels, int height_in, int width_in, int height, int width) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int row = grid_row();
  const int n = row / height, y = row % height;
  if (x >= width || n >= count) return;
  const Crop crop = crops.at[n];
  for (int c = 0; c < channels; c++) {
    const i64 plane = (i64)(first + n) * channels + c;
    out[(plane * height + y) * width + x] =
        cropped(images + plane * height_in * width_in, width_in, crop, y, x, height, width);
  }
}
