/* Rounding to bfloat16, as tensor/bfloat16.h says. */
#ifndef SL_TENSOR_KERNELS_ROUNDING_H
#define SL_TENSOR_KERNELS_ROUNDING_H

#include "tensor/bfloat16.h"
#include "tensor/kernels/lanes.h"

typedef sl_bfloat16 sl_lane_bf16 __attribute__((vector_size(SL_LANES * 2)));

static void sl_kernel_round_bf16(int64_t n, const float *x, sl_bfloat16 *to)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES) {
        sl_lane_bits bits = (sl_lane_bits)sl_lanes_load(x + i);
        sl_lane_bits rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        sl_lane_bits is_nan =
            (sl_lane_bits)((bits & 0x7fffffffU) > 0x7f800000U);
        rounded = (is_nan & (bits >> 16 | 0x40)) | (~is_nan & rounded);
        sl_lane_bf16 halves = __builtin_convertvector(rounded, sl_lane_bf16);
        memcpy(to + i, &halves, sizeof halves);
    }
    for (; i < n; i++)
        to[i] = sl_bf16_of(x[i]);
}

#endif
