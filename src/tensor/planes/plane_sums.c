/* Sums over the planes of images.  Any thread. */
#include "tensor/planes/plane_sums.h"

/* Partial sums that do not wait for each other: element i goes into number i %
 * PARTS. */
enum { PARTS = 8 };

static double total(double part[PARTS])
{
    for (int half = PARTS / 2; half > 0; half /= 2)
        for (int k = 0; k < half; k++)
            part[k] += part[k + half];
    return part[0];
}

double sl_plane_sum(int64_t n, const float *a)
{
    double part[PARTS] = {0};
    int64_t i = 0;
    for (; i + PARTS <= n; i += PARTS)
        for (int k = 0; k < PARTS; k++)
            part[k] += (double)a[i + k];
    for (int k = 0; i < n; i++, k++)
        part[k] += (double)a[i];
    return total(part);
}

double sl_plane_squares(int64_t n, const float *a, float mean)
{
    double part[PARTS] = {0};
    int64_t i = 0;
    for (; i + PARTS <= n; i += PARTS)
        for (int k = 0; k < PARTS; k++) {
            double d = (double)a[i + k] - (double)mean;
            part[k] += d * d;
        }
    for (int k = 0; i < n; i++, k++) {
        double d = (double)a[i] - (double)mean;
        part[k] += d * d;
    }
    return total(part);
}

double sl_plane_dot(int64_t n, const float *a, float mean, const float *b)
{
    double part[PARTS] = {0};
    int64_t i = 0;
    for (; i + PARTS <= n; i += PARTS)
        for (int k = 0; k < PARTS; k++)
            part[k] += ((double)a[i + k] - (double)mean) * (double)b[i + k];
    for (int k = 0; i < n; i++, k++)
        part[k] += ((double)a[i] - (double)mean) * (double)b[i];
    return total(part);
}

void sl_plane_sums(int64_t rows, int64_t channels, int64_t n, const float *a,
                   int64_t stride, bool accumulate, float *sums)
{
    for (int64_t c = 0; c < channels; c++) {
        double sum = 0;
        for (int64_t r = 0; r < rows; r++)
            sum += sl_plane_sum(n, a + r * stride + c * n);
        sums[c] = (accumulate ? sums[c] : 0) + (float)sum;
    }
}
