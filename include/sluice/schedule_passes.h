/*
 * Passes: each makes a new schedule from a schedule.  They read the lists and
 * know no generator, so they accept a user's own schedule, too.  The result is
 * not verified unless the pass says so.
 *
 *     recompute       inserts R's, at once or where the device would wait
 *     merge_backward  an I and the W after it become a B
 *     split_backward  a B becomes an I and the W after it
 *     gather_weights  the W's of several micro-batches stand together
 *     warm_up         moves forwards further ahead of the backwards
 *     vocabulary      cuts the output layer across all devices: S and T
 *     shard           places UNSHARD, RESHARD and REDUCE_GRAD
 *     lower           writes sends and receives as actions
 *     raise           removes them again
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

/*
 * Rematerialization as a pass: a new schedule with an R before each backward
 * (B, or I) of the chosen micro-batches.  SLUICE_REMAT_EXCEPT_LAST leaves out,
 * on each stage, the micro-batch whose backward comes first: its activations
 * were made last and are used at once, so that keeping them costs little.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the schedule has R's already, unless
 *          SLUICE_REMAT_NEVER asks for a plain copy; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_remat(const sluice_schedule *schedule,
                                               sluice_remat remat,
                                               sluice_schedule **out,
                                               sluice_diag *why);

typedef struct sluice_recompute_config {
    sluice_remat remat;              /* of all stages, unless: */
    const sluice_remat *stage_remat; /* [n_stages], of each stage */
    bool early;                      /* see below */

    /* Read if `early`: durations as in a sluice_simulate_config.  Give at most
     * one of the two; without both, F, I, W and R take 1 and B takes 2.  The
     * duration of UPDATE is read if the schedule is asynchronous. */
    const int64_t *costs_ns;       /* [SLUICE_N_ACTION_KINDS] */
    const int64_t *stage_costs_ns; /* [n_stages][SLUICE_N_ACTION_KINDS] */
} sluice_recompute_config;

/*
 * Insert an R for each backward (B, or I) of the chosen micro-batches; see
 * sluice_remat.
 *
 * Each R stands just before its backward, as sluice_schedule_remat() puts it.
 * If the device would wait there for the gradient, it runs the R meanwhile,
 * because an R does not wait for it.  `early` also moves R's in front of other
 * actions for which the device would wait, under these rules:
 *
 *     - an R comes after the backward that belongs to the R before it: a device
 *       holds one recomputed working set at a time
 *     - no device holds more inner activations than without moving
 *     - with these costs, and hand-offs without latency through queues that are
 *       never full, the makespan is no longer than without moving
 *
 * All other actions keep their order.  The place of an R does not change bits.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID if the schedule has R's already, unless
 *          SLUICE_REMAT_NEVER is asked for; for a value that is not a
 *          sluice_remat; for costs of both kinds or below 0; for a sum of costs
 *          that exceeds INT64_MAX; and, with `early`, for a lowered schedule.
 *          With `early`, SLUICE_SCHEDULE as sluice_schedule_verify().
 *          SLUICE_NO_MEMORY.
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
 * Replace each B by an I and the W after it.  The bits stay the same, and the
 * input gradient is handed on before the weight gradient is computed.
 * sluice_schedule_merge_backward() restores the old schedule.
 *
 * Returns  as sluice_schedule_merge_backward(); SLUICE_INVALID if a list gets
 *          too long.
 */
SLUICE_API sluice_status sluice_schedule_split_backward(
    const sluice_schedule *schedule, sluice_schedule **out, sluice_diag *why);

/*
 * Split each B, and let the W's of a stage stand together: `group` of them
 * behind the input gradient of the last one; the rest, and with 0 all, behind
 * the device's last backward.  They stand in the order of their backwards, so
 * that the bits stay the same, unless `join_weights` makes one product of them.
 * A device keeps what a W reads of so many micro-batches.
 *
 * Returns  as sluice_schedule_split_backward(); SLUICE_INVALID for a group
 * below 0, and if the schedule is lowered.
 */
SLUICE_API sluice_status
sluice_schedule_gather_weights(const sluice_schedule *schedule, int group,
                               sluice_schedule **out, sluice_diag *why);

/*
 * Give hand-offs slack: on device d move each F in front of the slack[d]
 * backwards (B or I) before it.  Forwards keep their order, and so do all other
 * actions.  Device d holds about slack[d] more activations.
 *
 * If the result could not run, the largest slacks are lowered by one, and so
 * on, until it can; after 16 times to a bound that is found by halves: with it
 * the result can run, and with one more it cannot.  1f1b with a slack of
 * K - 1 - d on device d becomes eager-1f1b.
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

typedef struct sluice_vocabulary_config {
    /* Durations as in a sluice_simulate_config; at most one of the two.
     * Without both F, I, W and R take 6, B takes 12, S takes 2 and T takes 1.
     */
    const int64_t *costs_ns;       /* [SLUICE_N_ACTION_KINDS] */
    const int64_t *stage_costs_ns; /* [n_stages][SLUICE_N_ACTION_KINDS] */
    int queue_capacity;            /* 0: the default */
} sluice_vocabulary_config;

/*
 * Cut the output layer across all devices (Yeung et al., MLSys 2025, with one
 * barrier): insert an S and a T for each device and micro-batch.  All other
 * actions of a device keep their order, except that forwards may come one
 * backward further ahead, which costs one more activation, if with these costs
 * that makes the schedule shorter.
 *
 * A device runs an S as soon as its input is there and the action before has
 * ended, and a T so if no S can run.  So all devices work on one micro-batch's
 * scores at nearly the same time.  With hand-offs without latency and queues
 * that are never full, the idle time of each device stays that of the schedule
 * without the layer, see sluice_schedule_idle():
 *
 *     1f1b  (K - 1)(F + I + W), and device r holds min(M, K + 1 - r)
 *     zb-v  (K - 1) F / 2 if F = I = W and M >= 2 K - 1, and each device holds
 *           2 K chunks
 *
 * A forward-only schedule gets S and T, too: there T is for the loss.
 *
 * The time is the number of actions times that of devices.
 *
 * Threads  any.
 * Returns  SLUICE_OK with what passes the verifier with queues of
 *          `queue_capacity` items; SLUICE_SCHEDULE if the schedule, or the
 *          result, does not pass; SLUICE_INVALID if the schedule has S already,
 *          several copies or several UPDATEs of a stage, or is lowered, and for
 *          costs of both kinds, below 0 or too large; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_vocabulary(
    const sluice_schedule *schedule, const sluice_vocabulary_config *config,
    sluice_schedule **out, sluice_diag *why);

/*
 * Write each transfer between devices as actions: the RECV just before the F, B
 * or I that takes the item, the SEND just after the one that makes it.  The
 * order and the times of what enters and leaves the queues stay the same.
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
 * Remove all sends and receives, so that they happen as the actions start and
 * end.  A schedule that is not lowered is copied.  A schedule that
 * sluice_schedule_lower() made becomes the old one again.  If a SEND or RECV
 * stood apart from its action, the result takes items later or hands them over
 * sooner.  It may then need larger queues, or another order, and be refused;
 * the refusal names positions in the lists without sends and receives, and says
 * so.
 *
 * Returns  SLUICE_OK with what passes the verifier, as sluice_schedule_lower();
 *          SLUICE_SCHEDULE if it does not; SLUICE_INVALID for a capacity below
 *          0; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_raise(const sluice_schedule *schedule,
                                               int queue_capacity,
                                               sluice_schedule **out,
                                               sluice_diag *why);

/*
 * Place the actions of parameters that replicas share (ZeRO, docs/zero.md), as
 * PyTorch does: a device has the parameters of the next `most_whole` different
 * stages of its list; before an action it gives away (RESHARD) those that are
 * not among them, and has the others brought (UNSHARD); in the end it gives
 * away all.  REDUCE_GRAD stands behind the last B or W of its stage.
 *
 * most_whole 0 places REDUCE_GRAD only; PyTorch takes 3.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if most_whole is negative, the schedule
 *          has such actions already, is asynchronous, or has several copies;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_shard(const sluice_schedule *schedule,
                                               int most_whole,
                                               sluice_schedule **out,
                                               sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
