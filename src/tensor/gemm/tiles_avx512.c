/* Tiles for AVX-512.  Any thread. */
#include "tensor/gemm/tile_text.h"

const struct sl_tiles *sl_tiles_avx512(void)
{
    return &tiles;
}
