// Composition of batches of float images, and its gradients; (N, C, H, W) and (N, 1, H, W).
#include "../device.cuh"

SM_FN float over_value(float near, float far, float share) {
  return share * near + (1.0f - share) * far;
}

// A row of threads an image: x runs over its pixels.
SM_KERNEL compose(const float *foreground, const float *background, const float *alpha, float *out,
                  int pixels, int images, int channels) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int n = grid_row();
  if (x >= pixels || n >= images) return;
  const float share = alpha[(i64)n * pixels + x];
  for (int c = 0; c < channels; c++) {
    const i64 at = ((i64)n * channels + c) * pixels + x;
    out[at] = over_value(foreground[at], background[at], share);
  }
}

SM_KERNEL compose_gradients(const float *foreground, const float *background, const float *alpha,
                            const float *gradient, float *near, float *far, float *share_out,
                            int pixels, int images, int channels) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int n = grid_row();
  if (x >= pixels || n >= images) return;
  const float share = alpha[(i64)n * pixels + x];
  float total = 0.0f;
  for (int c = 0; c < channels; c++) {
    const i64 at = ((i64)n * channels + c) * pixels + x;
    const float g = gradient[at];
    total += (foreground[at] - background[at]) * g;
    near[at] = share * g, far[at] = (1.0f - share) * g;
  }
  share_out[(i64)n * pixels + x] = total;
}
