"""Every tolerance of the tests, named, with its reason; none is widened to make a test pass."""

PSP_MATRIX = 1e-7
"""Pooling matrices: float32 rounding of weights of at most 1, against float64 arithmetic."""

ENGINE_F32 = 2e-5
"""Engine against float64: float32 sums over 32 x 32 cells, and OpenVINO's approximated sigmoid."""

FLOAT64 = 1e-12
"""Relative error of a few float64 operations."""

ENGINE_RUNTIMES = 2e-5
"""Two runtimes on the same float32 graph, after the sigmoid: the same sums in another order,
through sixty layers; trained weights differ by up to 1.2e-6, noise inputs included."""

HALF_CODE = 0.5
"""Rounding to the nearest code is all that an integer result may be off."""

COLOUR_F32 = 0.03
"""Codes beyond half a code: float32 matrix arithmetic on 16-bit values (2^-24 of 3 x 131,072)."""

COLOUR_VIA_RGB = 0.07
"""Codes of up to 12 bits beyond half a code after a 16-bit R'G'B' in between (0.5 / 16 x 2)."""

ENCODE_TABLE = 0.2
"""16-bit codes: linear interpolation between 128 entries an octave; the worst curve is HLG."""

RESIZE_F32 = 2e-6
"""Share of full scale: float32 sums over filter windows, against float64."""

VIEW_F32 = 1e-3
"""Of 255: float32 sums over windows of codes of up to 16 bits and the matrix after them."""

CV2_AREA_VIEW = 0.5
"""Of 255: OpenCV averages R'G'B' that had to be rounded to 8 bits first, by at most half a code."""

CV2_AREA_CODE = 1
"""Codes: OpenCV rounds halves to even, and its float32 sums run in another order."""

CV2_FLOAT = 3e-5
"""Share of full scale: OpenCV computes bilinear weights in float32 from float32 positions."""

# --- media -------------------------------------------------------------------------------------
# Mean luma error in 8-bit levels of a clip made with x264 crf 10 or lossless: rounding of the
# RGB -> YUV conversion and light quantisation; measured worst 0.7.
LUMA_MEAN_LEVELS = 1.5
# Coarse codecs (eight levels a channel, VP9 crf 24): measured worst 2.9.
CODED_LUMA_MEAN_LEVELS = 5.0
# Alpha 0..1 through ProRes 4444 (10-bit in, 12-bit out): measured worst 80/65535 + rounding.
ALPHA_PRORES = 2 / 1023
# Alpha 0..1 of a ramp through VP9 crf 24: measured worst 3/255.
ALPHA_VP9 = 6 / 255

COMPOSITE_SHARE = 2e-4
"""Share of full scale beyond half a code: indices into tables of light have four bits more than
the samples (1/32 of an 8-bit code, read twice), 16 bits at most, and colour matrices stretch
that twice."""

# --- pipeline ----------------------------------------------------------------------------------
# Mean alpha 0..1 inside / outside the subject of a made clip, found by a luma threshold after the
# clip's own coding: only pixels of the coded edge are on the wrong side; measured worst 0.011.
CODED_ALPHA = 0.03
# Mean of a flat colour in 8-bit RGB after 4:2:0 H.264 at crf 16 and back.
CODED_FLAT_LEVELS = 4

BLUR_SHARE = 1 / 256
"""Share of full scale beyond half a code: cells of nearly one luma are looked up once (4 codes of
8 bits apart at most), and light is held in 2^-20: one 8-bit code where the picture is nearly
black."""

DISC_LEVEL = 0.01
"""Share of the light inside a disc: one part in 2^20 a block, and 1e-4 of the fill beneath."""

DISC_ENERGY = 0.15
"""Share of a light point's whole energy: at the rim, a fifth of the area of the smallest disc,
codes are interpolated instead of light, which is less light by up to two thirds there."""

FOREGROUND_CODES = 40
"""16-bit codes (0.06 %): every sweep of every level rounds to 16 bits, and relaxation passes it
on."""

FOREGROUND_KNOWN = 0.005
"""Mean error 0..1 of a smooth, known foreground in its soft edge: two sweeps leave this much."""

FOREGROUND_SUBSAMPLED = 0.015
"""The same from 4:2:0: the chroma of the edge is itself blurred over two pixels."""

FOREGROUND_LEMUR_RMS = 0.0117
"""Of PyMatting's lemur, alpha-weighted over the band: its estimate_foreground_ml leaves 0.01179."""

CODE_ROUNDING = 0.52
"""16-bit codes: rounding to the nearest (0.5) after float32 arithmetic on values up to 65535."""

DISC_RADIUS_PX = 0.02
"""Radius of a grown disc, beyond 4 % of the growth: sixteen bilinear samples stand for a circle."""

GUIDED_CODES = 1.5
"""16-bit codes: float32 sums of guided upsampling against float64, then rounded."""

GUIDED_MEAN_CODES = 8
"""16-bit codes: two Richardson steps leave a little of the area average of a smooth alpha."""

GUIDED_GAIN = 0.15
"""Least share by which guided upsampling beats bilinear in the band; measured 0.30 to 0.68."""

CLOSED_FORM = 2e-5
"""Of 1: a hundred steps of float32 sums of 25 products each against float64."""

CLOSED_FORM_CONVERGED = 1e-4
"""Of 1: what three hundred steps leave of the exact solution, and float32."""

SMOOTH_CODES = 0.6
"""16-bit codes: rounding, and float32 in the gates."""

SMOOTH_DEPTH_CODES = 40
"""Mean 16-bit codes: rounding luma to 10 instead of 8 bits moves the motion gate a little."""

FOLLOWED_CODES = 8
"""16-bit codes: vectors in float32 are within 1e-4 blocks of the definition's, four pixels a block;
a soft edge rises by 6,600 codes a pixel, and errs over five frames."""

FOLLOWED_NOISE_RATIO = 0.85
"""Share of a moving edge's noise that is left where memory follows it (measured 0.72 to 0.79)."""

HELD_MOVING_ALPHA = 0.5
"""What is left of a subject where the network lost it for a frame while it moved: 0.86 of the
memory, times how well vectors explain the picture."""

FLICKER_RATIO = 0.5
"""What smoothing at its default strength may leave of a noisy still's flicker (measured 0.47)."""

HELD_ALPHA = 0.8
"""What is left of a subject whose alpha is 0 for one frame (0.86 of the memory stay)."""

MOVING_EDGE_RATIO = 1.05
"""Error of a smoothed moving edge over that of the unsmoothed one (measured 0.99)."""

FOREGROUND_RELIT = 0.01
"""Mean code error 0..1 of a plate composited again over its own background in linear light: below
alpha 0.3 more than a tenth of the difference stays, 0.01 / (alpha^2 + 0.01), so as not to lift
noise."""

NETWORK_GOLDEN = 2e-4
"""Outputs of a released network against the official code: float32 sums in another order."""

RESAMPLE_F32 = 1e-5
"""Of 255: stored golden pictures are float32 (2^-24 x 255, rounded once)."""

METRIC_F64 = 1e-9
"""Relative error of a metric computed twice: float64 sums over a few thousand pixels."""

BLEND_CODES = 2
"""16-bit codes: float32 weighted means of overlapping tiles that agree."""

GOLDEN_OUTPUTS = 2e-4
"""Glance and focus, 0..1: float32 sums in another order through many layers (measured 3e-6)."""

GOLDEN_FUSION_OUTLIERS = 1e-3
"""Share of fused pixels where two glance channels tie within rounding and the other one wins."""

EXPORTED_OUTPUTS = 1e-5
"""Glance and focus, 0..1: batch norms folded into FP32 weights, and the order of sums. At full
width, with seeded weights, at five sizes up to 256x192 (``python -m benchmarks exports``): ONNX
Runtime is at most 8.8e-6 from PyTorch on all networks; OpenVINO 7.7e-6, but 1.3e-5 on r34_2b and
1.1e-5 on r101, whose sums have up to 36,864 products. There both are 6e-6 to 7e-6 from float64, and
ONNX Runtime 3e-6: it adds up in blocks, the others one product after the other."""

MERGED_F32 = 2e-5
"""RIM's merged alpha: three float32 products whose factors reach about 30, summed."""

LUT_F32 = 2e-3
"""Of 255: float32 positions in a table of noise, whose neighbours differ by up to 255 a cell
(9 cells x 2^-23 x 255, and float32 log2)."""

GOLDEN_LOSS = 2e-6
"""Relative error of a loss against the official code: float32 means over 8,192 pixels in another
order."""

GOLDEN_FIRST_GRADIENT = 1e-3
"""Relative error of gradient norms against the official code: float32 sums in another order through
34 layers of batch norms over two pictures (measured 5e-4)."""

GOLDEN_STEP = 2e-3
"""Relative error of the losses after Adam's first steps, which move every weight by the whole rate
to the side of its gradient, however small that is, so that rounding decides many; two layouts of
the same network in memory differ from each other by as much (measured 9e-4)."""

GOLDEN_STEP_GRADIENT = 0.08
"""The same of gradient norms (measured 0.057, two layouts 0.03 from each other)."""

# Training samples: composite and noise are cut to whole levels, so where float32 and float64 fall
# on two sides of a level the results differ by one; seen on 0.3 % of samples, 3.4 % where a crop is
# enlarged and each such pixel spreads.
RSSN_LEVELS = 1
RSSN_OTHER_SHARE = 0.05
# Levels of 255: a GPU divides by 255 as a product with its inverse, one float32 rounding of 0..1.
TENSOR_LEVELS = 1e-4
# Levels of 255: sums of up to thirty float32 products, in another order.
FILMED_LEVELS = 2e-3
# Levels of the noise: scaled to variance 1 and rounded to float32.
NOISE_MOMENT = 1e-6

FUSED_CODES = 1
"""16-bit codes: three ops in one kernel round their float32 products in another place."""

CURVE_MID_GREY = 0.006
"""Share: makers round the code value of mid grey to whole 10-bit codes (a code is 0.4 to 0.8 %)."""

VIEW_TABLE_MEAN = 1.0
VIEW_TABLE_MOST = 12.0
"""Of 255, on average and for 99 of 100 values: 49 nodes a side, on noise of colours so saturated
that most leave the gamut; a kink between two nodes is rounded off (measured worst 0.81, 9.6)."""

HALF_PRODUCT = 1e-3
"""Steps of a half float beyond half a step: two float32 roundings before (2^-23 against 2^-11)."""

# --- deliveries --------------------------------------------------------------------------------
# Largest difference of one sample, as a share of full scale, of what was drawn and what is read
# back; codecs that are not named are lossless: 0.
# The clip is a hard-edged disc of 96x64 pixels at each codec's default quality; what was measured
# stands behind, the rest is for other releases of the encoders.
DELIVERY_COLOUR = {
    "prores": 0.006,  # 0.0037: 10-bit samples and quantised transforms
    "prores_hq": 0.025,  # 0.0166 (0.0147 with prores_ks): its rate, around a hard edge
    "cineform": 0.012,  # 0.0078: wavelets, film3+
    "vp9": 0.08,  # 0.055: crf 24
    "webp": 0.25,  # 0.19: quality 90 halves the chroma of a hard edge; where alpha is not 0
    "exr": 2**-11,  # half: 11 significant bits below 1.0
    "h264": 0.12,  # 0.094: crf 16
    "hevc": 0.10,  # 0.069: crf 17
    "av1": 0.10,  # 0.067: crf 28
}
RATE_KEPT = 0.6
"""Bytes of a grainy frame at ProRes's own rate, of those at the finest quantiser: measured 0.41 and
0.46 at 1080p."""
DELIVERY_ALPHA = {
    "prores": 0.0005,  # 0.0002: 10 bits in, run-length coded without loss, read with 12 bits
    "cineform": 0.008,  # 0.0051: coded like a colour, through a curve of its own
    "vp9": 0.006,  # 0.0039, one code: crf 24
}

SDR_CODES = 0.6
"""10-bit codes: half a code of rounding, and 16-bit R'G'B' before and after the table."""

OFFICIAL_COMPOSITE_LEVELS = 1
"""8-bit levels against the authors' composites: their background is scaled by scikit-image, whose
Gaussian and borders differ from an area filter's."""

OFFICIAL_MEAN_LEVELS = 0.05
"""The same of the mean over the picture."""

JACOBI_F32 = 1e-7
"""0..1: published values are stored as float32."""

JACOBI_F64 = 1e-14
"""0..1: the same float64 sum in another order."""

CONVERGED_LEVELS = 1.5
"""8-bit levels against the exact minimum: cut, not rounded, to whole levels, and half a level of
what the last sweeps would still change."""

SHARED_BATCH = 2e-4
"""Relative error of losses and gradients of two processes against one with the whole batch: float32
means in another order; after the first step Adam makes much of little (see GOLDEN_STEP)."""

NOISE_ESTIMATE_SHARE = 0.1
"""Relative error of a noise level that is estimated from 120,000 samples cut to 8 bits."""

GPU_ALPHA_MEAN = 1 / 255
"""Mean alpha error 0..1 of an FP16 engine against FP32: the limit above which it is refused."""

FLOAT32_SUMS = 1e-6
"""A product and a sum or two of float32 values of a few units (2^-24 each)."""

GRADIENT_CHECK = 1e-4
"""Analytic against numeric gradients: differences of float32 results over steps of a quarter."""

HDR_VIEW_SHARE = 0.5
"""Of the alpha's difference to the SDR original that a PQ plate has when the network sees its
codes: a view that does not halve it is of no use (measured 0.35)."""

CROP_F32 = 2e-5
"""Values of a few units: float32 sums over a window, and bilinear positions in float32."""

DEVICE_PICTURE_CODES = 1
"""Codes (8 to 12 bits) of pictures drawn on a GPU against the CPU's: an alpha that is two 16-bit
codes off moves a blend by less than one, which may tip a rounding."""

MOTION_SAMPLES = 5e-4
"""Samples: float32 sums of 49 products against float64, passed on and doubled from level to level
(measured 4e-5)."""

MOTION_FOUND_SAMPLES = 0.15
"""Mean error of a texture's known motion of (5, -3) samples: one step a level (measured 0.09)."""

GPU_FRAME_CODES = 6
"""16-bit codes between the alphas of a GPU and of the CPU: each lies 1.5 from the definition before
smoothing, which doubles a difference where its curve is steepest (measured 3)."""
