/* What timed steps showed.  The main thread. */
#include "bench/measure/samples.h"

#include <stdlib.h>

sluice_status samples_init(struct samples *samples, int n, sluice_diag *why)
{
    *samples = (struct samples){
        .n = n,
        .values = calloc((size_t)n * N_FIGURES, sizeof *samples->values),
    };
    if (samples->values)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for %d repetitions", n);
}

void samples_fini(struct samples *samples)
{
    free(samples->values);
    *samples = (struct samples){0};
}

double *samples_of(const struct samples *samples, int figure)
{
    return samples->values + (size_t)figure * (size_t)samples->n;
}

/* The value that `rank` values come before, if they are sorted: each is
 * compared with each, so that nothing has to be copied. */
static double by_rank(const double *values, int n, int rank)
{
    for (int i = 0; i < n; i++) {
        int below = 0;
        int equal = 0;
        for (int k = 0; k < n; k++) {
            below += values[k] < values[i];
            equal += values[k] == values[i];
        }
        if (below <= rank && rank < below + equal)
            return values[i];
    }
    return values[0];
}

double median_of(const double *values, int n)
{
    return (by_rank(values, n, (n - 1) / 2) + by_rank(values, n, n / 2)) / 2;
}

double samples_median(const struct samples *samples, int figure)
{
    return median_of(samples_of(samples, figure), samples->n);
}

double samples_min(const struct samples *samples, int figure)
{
    return by_rank(samples_of(samples, figure), samples->n, 0);
}

double samples_max(const struct samples *samples, int figure)
{
    return by_rank(samples_of(samples, figure), samples->n, samples->n - 1);
}
