/* The tiles that this processor runs. */
#ifndef SL_TEST_TILES_HERE_H
#define SL_TEST_TILES_HERE_H

#include "tensor/gemm/tiles.h"

/* Number i of them; NULL ends them. */
static inline const struct sl_tiles *sl_test_tiles_at(int i)
{
    const struct sl_tiles *all[] = {sl_tiles_avx512(), sl_tiles_avx2()};
    int n = 0;
    for (int k = 0; k < 2; k++)
        if (all[k] && sl_tiles_run(all[k]) && n++ == i)
            return all[k];
    return NULL;
}

#endif
