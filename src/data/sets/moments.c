/* Mean and deviation of features.  Any thread; no state. */
#include "data/sets/moments.h"

#include <math.h>

/* Of bytes: a histogram makes the sums exact and the passes one. */
static void measure_bytes(const sluice_array *features, double *mean,
                          double *variance)
{
    const uint8_t *x = features->data;
    uint64_t count[256] = {0};
    double sum = 0, squares = 0, n = (double)features->bytes;
    for (size_t i = 0; i < features->bytes; i++)
        count[x[i]]++;
    for (int v = 0; v < 256; v++)
        sum += (double)count[v] * v;
    *mean = sum / n;
    for (int v = 0; v < 256; v++)
        squares += (double)count[v] * (v - *mean) * (v - *mean);
    *variance = squares / n;
}

static double element(const sluice_array *features, size_t i)
{
    return features->type == SLUICE_F32
               ? (double)((const float *)features->data)[i]
               : (double)((const int32_t *)features->data)[i];
}

/* Of others: two passes, so that a large mean does not hide the deviation. */
static void measure_words(const sluice_array *features, double *mean,
                          double *variance)
{
    size_t n = features->bytes / 4;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += element(features, i);
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        double off = element(features, i) - *mean;
        squares += off * off;
    }
    *variance = squares / (double)n;
}

sluice_status sl_measure(const sluice_array *features, double scale,
                         double *mean, double *deviation, sluice_diag *why)
{
    double variance;
    if (features->type == SLUICE_U8)
        measure_bytes(features, mean, &variance);
    else
        measure_words(features, mean, &variance);
    if (!isfinite(variance))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "mean and deviation cannot be measured: a "
                               "feature is NaN or infinite");
    *mean *= scale;
    *deviation = variance > 0 ? sqrt(variance) * fabs(scale) : 1;
    return SLUICE_OK;
}
