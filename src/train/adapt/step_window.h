/*
 * The last steps: how fast each device was, and how long they took.
 *
 * Threads: the caller's alone.
 */
#ifndef SL_TRAIN_ADAPT_STEP_WINDOW_H
#define SL_TRAIN_ADAPT_STEP_WINDOW_H

#include <sluice/adapt.h>
#include <sluice/schedule.h>

struct sl_step_window {
    int n; /* steps that count: an odd number */
    double speeds[SLUICE_ADAPT_MOST_WINDOW][SLUICE_MAX_DEVICES]; /* a ring */
    double step_ns[SLUICE_ADAPT_MOST_WINDOW];
};

/* The medians over a window that is full: of the device at a place, at least
 * 1 / SL_SPEED_GRAIN, and the same as a multiple of that; and of the steps. */
enum {
    SL_SPEED_GRAIN = 50, /* devices that are equal except for noise are to be
                            the same to the planner */
};
double sl_window_exact_speed(const struct sl_step_window *window, int place);
double sl_window_speed(const struct sl_step_window *window, int place);
double sl_window_step_ns(const struct sl_step_window *window);

/* The same, not rounded, of the `n` steps up to place `newest` of the ring. */
double sl_window_late_speed(const struct sl_step_window *window, int place,
                            int newest, int n);

#endif
