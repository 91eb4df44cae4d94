/*
 * Passes: from a schedule another one.  They read the lists and know no
 * generator, so they serve a user's own schedule as well; what comes out is not
 * verified unless it says so.
 *
 *     recompute       insert R's, at once or where the device would wait
 *     merge_backward  an I and the W after it become a B
 *     split_backward  a B becomes an I and the W after it
 *     warm_up         forwards further ahead of the backwards
 *     lower           spell out sends and receives
 *     raise           leave them out again
 */
#ifndef SLUICE_SCHEDULE_PASSES_H
#define SLUICE_SCHEDULE_PASSES_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_recompute_config {
    sluice_remat remat;              /* of all stages, or else: */
    const sluice_remat *stage_remat; /* [n_stages] */
    bool early;                      /* see below */

    /* Read if `early`: durations as in a sluice_simulate_config, at most one of
     * the two; if neither is given, F, I, W and R take 1 and B takes 2.  That
     * of UPDATE is read if the schedule is asynchronous. */
    const int64_t *costs_ns;       /* [SLUICE_N_ACTION_KINDS] */
    const int64_t *stage_costs_ns; /* [n_stages][SLUICE_N_ACTION_KINDS] */
} sluice_recompute_config;

/*
 * Insert an R for each backward (B, or I) of the chosen micro-batches; see
 * sluice_remat.
 *
 * Each R stands just before its backward, as sluice_schedule_remat() puts it.
 * That is early already where the device would wait for the gradient, for an R
 * does not.  `early` also moves R's to the front of other actions that the
 * device would wait for, under these rules:
 *
 *     - no R before the last R's backward has been done: one recomputed working
 *       set at a time
 *     - no device holds more inner activations than without moving
 *     - with these costs, and hand-offs without latency through queues that are
 *       never full, the makespan is no longer than without moving
 *
 * Other actions keep their order, and no bit depends on the place of an R.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID if there are R's already, unless never is
 *          asked for, for a value that is not a sluice_remat, for costs of both
 *          kinds or below 0, or for a sum of costs that exceeds INT64_MAX;
 *          SLUICE_SCHEDULE if `early` and the schedule cannot run, as
 *          sluice_schedule_verify(); SLUICE_INVALID also if `early` and it is
 *          lowered; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_recompute(
    const sluice_schedule *schedule, const sluice_recompute_config *config,
    sluice_schedule **out, sluice_diag *why);

/*
 * Replace each I that is directly followed by the W of the same stage and
 * micro-batch by a B.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_merge_backward(
    const sluice_schedule *schedule, sluice_schedule **out, sluice_diag *why);

/*
 * Replace each B by an I and the W after it: the same bits, and the gradient
 * goes on before the weights' is computed.  Merging gives the old schedule
 * back.
 *
 * Returns  as sluice_schedule_merge_backward(); SLUICE_INVALID if a list gets
 *          too long.
 */
SLUICE_API sluice_status sluice_schedule_split_backward(
    const sluice_schedule *schedule, sluice_schedule **out, sluice_diag *why);

/*
 * Give hand-offs slack: on device d move each F ahead of the slack[d] backwards
 * (B or I) before it.  Forwards keep their order, so does all else.  More
 * activations are held, about slack[d] of them.
 *
 * If that could not run, all devices are held to one less, and so on, until it
 * can; 1f1b with K - 1 - d on device d becomes eager-1f1b.
 *
 * Shapes   slack[n_devices], each at least 0.
 * Returns  SLUICE_OK with what passes the verifier with queues of
 *          `queue_capacity` items (0: the default); SLUICE_SCHEDULE if the
 *          schedule does not pass as it is; SLUICE_INVALID for a slack or a
 *          capacity below 0, and if the schedule is lowered; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_warm_up(
    const sluice_schedule *schedule, const int *slack, int queue_capacity,
    sluice_schedule **out, sluice_diag *why);

/*
 * Spell out what passes between devices: the RECV just before the F, B or I
 * that takes it, the SEND just after the one that gives it.  The queues see the
 * same at the same times.
 *
 * Returns  SLUICE_OK with what passes the verifier with queues of
 *          `queue_capacity` items (0: the default); SLUICE_SCHEDULE if the
 *          schedule does not pass as it is; SLUICE_INVALID if it is lowered
 *          already, for a capacity below 0, or if a list gets too long;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_lower(const sluice_schedule *schedule,
                                               int queue_capacity,
                                               sluice_schedule **out,
                                               sluice_diag *why);

/*
 * Leave all sends and receives out, so that they happen as the actions start
 * and end; of a schedule that is not lowered a copy.  Lowering first gives the
 * old schedule back.  Where hand-offs stood apart from their actions the result
 * takes later or gives sooner, which may ask for larger queues, or for an order
 * that it does not have; a refusal then names positions in the lists without
 * sends and receives, and says so.
 *
 * Returns  SLUICE_OK with what passes the verifier, as sluice_schedule_lower();
 *          SLUICE_SCHEDULE if it does not; SLUICE_INVALID for a capacity below
 *          0; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_raise(const sluice_schedule *schedule,
                                               int queue_capacity,
                                               sluice_schedule **out,
                                               sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
