/* Column sums.  Any thread. */
#include "tensor/column_sums.h"

enum { BLOCK = 64 }; /* columns at a time: four cache lines of each row */

void sl_column_sums(int64_t rows, int64_t n, const float *a, bool accumulate,
                    float *sums)
{
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t width = n - start < BLOCK ? n - start : BLOCK;
        double sum[BLOCK] = {0};
        for (int64_t r = 0; r < rows; r++)
            for (int64_t j = 0; j < width; j++)
                sum[j] += (double)a[r * n + start + j];
        for (int64_t j = 0; j < width; j++) {
            float old = accumulate ? sums[start + j] : 0;
            sums[start + j] = old + (float)sum[j];
        }
    }
}
