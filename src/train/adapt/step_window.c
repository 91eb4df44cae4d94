/* Medians over the last steps.  The caller's thread. */
#include "train/adapt/step_window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of an odd number of values, which are sorted. */
static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    return values[n / 2];
}

double sl_window_late_speed(const struct sl_step_window *window, int place,
                            int newest, int n)
{
    double speeds[SLUICE_ADAPT_MOST_WINDOW];
    for (int i = 0; i < n; i++)
        speeds[i] = window->speeds[(newest - i + window->n) % window->n][place];
    return fmin(fmax(median(speeds, n), 1.0 / SL_SPEED_GRAIN), SL_SPEED_GRAIN);
}

double sl_window_exact_speed(const struct sl_step_window *window, int place)
{
    return sl_window_late_speed(window, place, window->n - 1, window->n);
}

double sl_window_speed(const struct sl_step_window *window, int place)
{
    double exact = sl_window_exact_speed(window, place);
    double grains = round(exact * SL_SPEED_GRAIN);
    return fmin(fmax(grains, 1), SL_SPEED_GRAIN * SL_SPEED_GRAIN) /
           SL_SPEED_GRAIN;
}

double sl_window_step_ns(const struct sl_step_window *window)
{
    double ns[SLUICE_ADAPT_MOST_WINDOW];
    memcpy(ns, window->step_ns, sizeof ns);
    return median(ns, window->n);
}
