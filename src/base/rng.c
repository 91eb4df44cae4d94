/* Counter-based random numbers by Random123.  Any thread. */
#include "base/rng.h"

#include <Random123/philox.h>

void sl_rng_block(uint64_t seed, enum sl_rng_stream stream,
                  struct sl_rng_counter counter, uint32_t out[8])
{
    philox4x64_ctr_t at = {
        {counter.at[0], counter.at[1], counter.at[2], counter.at[3]}};
    philox4x64_key_t key = {{seed, (uint64_t)stream}};
    philox4x64_ctr_t r = philox4x64(at, key);
    for (int i = 0; i < 4; i++) {
        out[2 * i] = (uint32_t)r.v[i];
        out[2 * i + 1] = (uint32_t)(r.v[i] >> 32);
    }
}
