/* Sums over the planes of images.  Any thread. */
#include "tensor/planes/plane_sums.h"

/* Partial sums that do not wait for each other: element i goes into number i %
 * PARTS. */
enum { PARTS = 8 };

static double sum_of(int64_t n, const float *a)
{
    double part[PARTS] = {0};
    int64_t whole = n - n % PARTS;
    for (int64_t i = 0; i < whole; i += PARTS)
        for (int k = 0; k < PARTS; k++)
            part[k] += (double)a[i + k];
    for (int64_t i = whole; i < n; i++)
        part[i - whole] += (double)a[i];
    for (int half = PARTS / 2; half > 0; half /= 2)
        for (int k = 0; k < half; k++)
            part[k] += part[k + half];
    return part[0];
}

void sl_plane_sums(int64_t rows, int64_t channels, int64_t n, const float *a,
                   bool accumulate, float *sums)
{
    for (int64_t c = 0; c < channels; c++) {
        double sum = 0;
        for (int64_t r = 0; r < rows; r++)
            sum += sum_of(n, a + (r * channels + c) * n);
        sums[c] = accumulate ? sums[c] + (float)sum : (float)sum;
    }
}
