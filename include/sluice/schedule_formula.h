/*
 * Closed forms: what can be said of a schedule without executing it.
 */
#ifndef SLUICE_SCHEDULE_FORMULA_H
#define SLUICE_SCHEDULE_FORMULA_H

#include <sluice/export.h>
#include <sluice/schedule.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Times of one micro-batch on all stages of a device together, in any unit.  A
 * B takes as long as an I and a W together. */
typedef struct sluice_device_costs {
    double forward;
    double input;
    double weight;
} sluice_device_costs;

/*
 * How long each device is idle in a step: the makespan less its busy time, with
 * equal stages, hand-offs without latency, and queues that are never full.
 * There are K devices, M micro-batches and v chunks; F, I and W are the times:
 *
 *     gpipe, 1f1b, eager-1f1b  (K - 1)(F + I + W)
 *     forward                  (K - 1) F
 *     interleaved-1f1b         (K - 1)(F + I + W) / v, if M is a multiple of
 *                              the group and `warm_up` at most 2
 *     looped-bfs               the same, if M >= K
 *     gis                      (K - 1)(F + I) / v, and (K - g)(v - 1) F / v
 *                              more with a group of g < K, if M is a multiple
 *                              of g, and F = I = W if g < K
 *     seq1f1b                  (K - 1)(F + I + W), the times of a slice
 *     zb-h1                    (K - 1) max(F + I - W, F, I), if M >= K
 *     zb-h2                    (K - 1) max(F + I - 2 W, F, I - F), if
 *                              M >= 2 K - 1
 *     zb-v                     (K - 1) F / 2, if F = I = W and M >= 2 K - 1
 *
 * Source   Huang et al., 2019; Narayanan et al., 2021; Lamy-Poirier, 2023; Qi
 *          et al., 2023; Wan et al., 2025; Sun et al., 2024.  The bubbles of
 *          Qi et al. are between a device's own first and last action: the
 *          start, (K - 1) F or F / 2, comes on top.  The tests compare each
 *          with sluice_simulate() at random costs.
 * Threads  any.
 * Returns  NAN where there is no closed form, or no such schedule.
 */
SLUICE_API double sluice_schedule_idle(const sluice_schedule_config *config,
                                       const sluice_device_costs *costs);

#ifdef __cplusplus
}
#endif

#endif
