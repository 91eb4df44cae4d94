/* Tiles for AVX2 with fused multiply-adds.  Any thread. */
#include "tensor/gemm/tile_text.h"

const struct sl_tiles *sl_tiles_avx2(void)
{
    return &tiles;
}
