/* Parts of a training that several rules have.  Any thread; no state. */
#include "train/rates/rate_warm_up.h"

double sl_rate_warm_up(uint64_t warm_up, uint64_t step)
{
    return (double)(step + 1) / (double)warm_up;
}

double sl_rate_done(uint64_t from, uint64_t step, uint64_t total)
{
    if (step >= total)
        return 1;
    return step > from ? (double)(step - from) / (double)(total - from) : 0;
}
