// RIM's merger, see merge/reference.py: the planes' means decide three factors and a constant.
#include "../device.cuh"

constexpr int MOST_SUMMING = 256;   // threads of sum_planes
constexpr int MOST_CHANNELS = 256;  // of the merger, before and after the squeeze

// Sums of the rows that a block takes, three doubles a block.
SM_KERNEL sum_planes(Planes3 alphas, int width, int height, double *partial) {
  __shared__ double scratch[MOST_SUMMING];
  const int t = threadIdx.x;
  for (int k = 0; k < 3; k++) {
    const Plane plane = alphas.part[k];
    double total = 0.0;
    for (int y = blockIdx.x; y < height; y += gridDim.x)
      for (int x = t; x < width; x += blockDim.x) total += (double)load(plane, y, x);
    scratch[t] = total;
    for (int half = MOST_SUMMING / 2; half > 0; half /= 2) {
      __syncthreads();
      if (t < half && t + half < (int)blockDim.x) scratch[t] += scratch[t + half];
    }
    if (t == 0) partial[3 * blockIdx.x + k] = scratch[0];
    __syncthreads();
  }
}

// The merger's numbers one after the other: expand (C, 3) and its bias, squeeze (R, C),
// excite (C, R), reduce (C) and its bias.
struct Merger {
  const double *numbers;
  int channels, squeezed;
};

// One block: four numbers, the factors of tt, ft and bt and the constant.
SM_KERNEL collapse(Merger m, const double *partial, int blocks, double pixels, double *factors) {
  __shared__ double mean[3], channel[MOST_CHANNELS], squeezed[MOST_CHANNELS];
  const double *bias = m.numbers + 3 * m.channels, *squeeze = bias + m.channels;
  const double *excite = squeeze + m.channels * m.squeezed;
  const double *reduce = excite + m.channels * m.squeezed;
  for (int k = threadIdx.x; k < 3; k += blockDim.x) {
    double total = 0.0;
    for (int b = 0; b < blocks; b++) total += partial[3 * b + k];
    mean[k] = total / pixels;
  }
  __syncthreads();
  for (int c = threadIdx.x; c < m.channels; c += blockDim.x) {
    const double *row = m.numbers + 3 * c;
    channel[c] = row[0] * mean[0] + row[1] * mean[1] + row[2] * mean[2] + bias[c];
  }
  __syncthreads();
  for (int r = threadIdx.x; r < m.squeezed; r += blockDim.x) {
    double total = 0.0;
    for (int c = 0; c < m.channels; c++) total += squeeze[r * m.channels + c] * channel[c];
    squeezed[r] = total > 0.0 ? total : 0.0;
  }
  __syncthreads();
  for (int c = threadIdx.x; c < m.channels; c += blockDim.x) {
    double total = 0.0;
    for (int r = 0; r < m.squeezed; r++) total += excite[c * m.squeezed + r] * squeezed[r];
    channel[c] = reduce[c] / (1.0 + exp(-total));
  }
  __syncthreads();
  for (int k = threadIdx.x; k < 4; k += blockDim.x) {
    double total = k == 3 ? reduce[m.channels] : 0.0;
    for (int c = 0; c < m.channels; c++)
      total += channel[c] * (k == 3 ? bias[c] : m.numbers[3 * c + k]);
    factors[k] = total;
  }
}

SM_KERNEL blend(Planes3 alphas, const double *factors, Plane out, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  float value = (float)factors[3];
#pragma unroll
  for (int k = 0; k < 3; k++) value += (float)factors[k] * load(alphas.part[k], y, x);
  store_float(out, y, x, value);
}
