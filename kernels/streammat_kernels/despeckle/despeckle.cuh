// Despeckling: pixels are joined by their numbers, islands counted and erased; see __init__.py.
#include "../device.cuh"

// Columns that are joined and counted by one thread; where a run of pixels goes on across this
// border, two are joined. It keeps a subject's million pixels from a million additions in one place.
constexpr int SEGMENT = 32;

SM_FN bool inside(const Plane &alpha, int y, int x, int lowest, int width) {
  return x >= 0 && x < width && y >= 0 && load_code(alpha, y, x) >= lowest;
}

// The first pixel of the island, so far. Others may lead the way elsewhere meanwhile, always to a
// smaller number of the same island.
SM_FN int root_of(const int *labels, int pixel) {
  int next = SM_PEEK(labels + pixel);
  while (next != pixel) pixel = next, next = SM_PEEK(labels + pixel);
  return pixel;
}

SM_FN void join(int *labels, int first, int second) {
  for (;;) {
    first = root_of(labels, first), second = root_of(labels, second);
    if (first == second) return;
    const int low = min(first, second), high = max(first, second);
    const int before = atomicMin(labels + high, low);
    if (before == high) return;
    first = before, second = low;  // it had been led elsewhere: that way is joined, too
  }
}

// Every pixel inside leads to the first of its run within the segment; others to nowhere.
SM_KERNEL begin(Plane alpha, int *labels, int *areas, int lowest, int width, int height) {
  const int first = SEGMENT * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (first >= width || y >= height) return;
  int run = -1;
  for (int x = first; x < min(first + SEGMENT, width); x++) {
    const i64 i = (i64)y * width + x;
    const bool in = inside(alpha, y, x, lowest, width);
    run = in ? (run < 0 ? (int)i : run) : -1;
    labels[i] = run;
    areas[i] = 0;
  }
}

// Joins a pixel with the neighbours that no other pixel joins it with.
SM_KERNEL join_pixels(Plane alpha, int *labels, int lowest, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height || !inside(alpha, y, x, lowest, width)) return;
  const int here = y * width + x;
  const bool left = inside(alpha, y, x - 1, lowest, width);
  const bool right = inside(alpha, y, x + 1, lowest, width);
  const bool up = inside(alpha, y - 1, x, lowest, width);
  const bool up_left = inside(alpha, y - 1, x - 1, lowest, width);
  if (left && x % SEGMENT == 0) join(labels, here, here - 1);
  if (up && !(left && up_left)) join(labels, here, here - width);
  if (!up && up_left && !left) join(labels, here, here - width - 1);
  if (!up && !right && inside(alpha, y - 1, x + 1, lowest, width))
    join(labels, here, here - width + 1);
}

// Adds the pixels of each run within a segment to its island's.
SM_KERNEL count_areas(const int *labels, int *areas, int width, int height) {
  const int first = SEGMENT * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = grid_row();
  if (first >= width || y >= height) return;
  int length = 0;
  for (int x = first; x < min(first + SEGMENT, width); x++) {
    const i64 i = (i64)y * width + x;
    if (labels[i] < 0) continue;
    length++;
    const bool last = x + 1 == min(first + SEGMENT, width) || labels[i + 1] < 0;
    if (last) atomicAdd(areas + root_of(labels, (int)i), length), length = 0;
  }
}

SM_KERNEL erase(Plane alpha, Plane out, const int *labels, const int *areas, int least, int width,
                int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = grid_row();
  if (x >= width || y >= height) return;
  const i64 i = (i64)y * width + x;
  const int code = load_code(alpha, y, x);
  const bool island = labels[i] >= 0 && areas[root_of(labels, (int)i)] < least;
  store_code(out, y, x, island ? 0 : code);
}
