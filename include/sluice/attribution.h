/*
 * Where every idle nanosecond of a step went, and what to change.
 *
 * The window is the whole step, [start_ns, end_ns] of the trace.  In it each
 * nanosecond of each device is either busy, computing an F, B, I, W or R, or
 * has exactly one cause:
 *
 *     busy + all causes = end_ns - start_ns        (per device)
 *                       = K (end_ns - start_ns)    (in all)
 *
 * holds exactly, in integers.  Measured and predicted traces are treated in the
 * same way; for the virtual clock give the trace of sluice_trace_virtual().
 */
#ifndef SLUICE_ATTRIBUTION_H
#define SLUICE_ATTRIBUTION_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/status.h>
#include <sluice/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Below, a device *waits for input* from the moment it arrives at the queue of
 * an F, B or I (a device's first action: from the beginning) to the end of the
 * action, on another device, that makes the input.  The *first start* and the
 * *last end* are those of computing, of any device.
 */
typedef enum sluice_idle_cause {
    /*
     * The pipeline fills: waiting for input before the first F of a stage, and
     * before its first backward (B or I), the turn-around.  If the gradient
     * that the first backward waits for had to wait on its way for devices that
     * were busy with other work, that part of the wait is imbalance.
     */
    SLUICE_IDLE_FILL = 0,
    /*
     * The device has no work left: from the end of its last computing to the
     * last end, less the time for which its last output waited for busy
     * devices, as above.  In a schedule in which devices alternate between
     * forwards and backwards (1F1B), also waiting for input after the device's
     * last F: its neighbour still alternates, while the device itself has only
     * backwards left.
     */
    SLUICE_IDLE_DRAIN,
    /*
     * A slower neighbour in steady state: all other waiting for input.  Waiting
     * for room in the queue of a neighbour that is slower throughout counts
     * here, too, because no capacity would shorten it.  Let d be the computing
     * time of the slowest device less that of this device: back-pressure is
     * counted as imbalance until the device's imbalance reaches d.
     */
    SLUICE_IDLE_IMBALANCE,
    /*
     * A full queue: from the end of an action until the neighbour took an item
     * and so made room, except the part that counts as imbalance.
     */
    SLUICE_IDLE_BACK_PRESSURE,
    /*
     * Hand-offs: from the end of the action that made an input (or from the
     * device's arrival, if that is later) to the start of the action that takes
     * it; from the moment when a full queue has room to the moment when the
     * producer goes on; and the time between two actions of a device.
     */
    SLUICE_IDLE_HAND_OFF,
    /*
     * The step around the pipeline: before the first start and after the last
     * end (the updates, the call).  Updates before the last end: those of
     * asynchronous schedules, with the wait before them, and those that a
     * device makes while others still compute.  Replicas adding up their
     * gradients, and waiting for each other to do so.
     */
    SLUICE_IDLE_UPDATE,
    /*
     * The commit: waiting, after the last end, until all devices have agreed
     * that the step is committed.  What is waited before is drain.
     */
    SLUICE_IDLE_COMMIT,
    /*
     * Within an F, B, I, W or R: wall time beyond the thread's CPU time.
     * Another thread had the core, or the action slept.
     */
    SLUICE_IDLE_PREEMPTION,
    /*
     * Within an F, B, I, W or R: meetings of a team.  A device waited for the
     * others of its team, which had more to do, or for the meeting itself.
     */
    SLUICE_IDLE_TEAM,
    SLUICE_N_IDLE_CAUSES
} sluice_idle_cause;

/*
 * A cause as text: "back-pressure".
 *
 * Threads  any.
 * Returns  a constant string; "?" for a value that is not a cause.
 */
SLUICE_API const char *sluice_idle_cause_name(sluice_idle_cause cause);

/* The time of one device, or the sum over all. */
typedef struct sluice_idle {
    int64_t total_ns; /* busy + all causes */
    int64_t busy_ns;
    int64_t cause_ns[SLUICE_N_IDLE_CAUSES];
} sluice_idle;

typedef enum sluice_advice_kind {
    SLUICE_ADVISE_NOTHING = 0,
    SLUICE_ADVISE_CUT,           /* more even stages */
    SLUICE_ADVISE_MORE_BATCHES,  /* a larger M */
    SLUICE_ADVISE_FEWER_BATCHES, /* a smaller M: hand-offs cost more time than
                                    the smaller bubble saves */
    SLUICE_ADVISE_CAPACITY,      /* longer queues */
    SLUICE_ADVISE_CORES,         /* fewer devices, or a core for each of them */
} sluice_advice_kind;

enum { SLUICE_ADVICE_TEXT = 256 };

typedef struct sluice_advice {
    sluice_advice_kind kind;
    double gain; /* predicted: the share of the step's time saved, 0 to 1 */
    char text[SLUICE_ADVICE_TEXT]; /* one sentence, no newline */
} sluice_advice;

/* Zero means the default in every field. */
typedef struct sluice_attribution_config {
    /* Actions sleep on purpose (timed layers), or their CPU time is unknown: no
     * time counts as preemption. */
    bool cells_sleep;
    const sluice_trace *predicted;     /* of the same schedule; NULL: none */
    const sluice_allocator *allocator; /* used during the call only */
} sluice_attribution_config;

typedef struct sluice_attribution {
    sluice_idle all;
    int n_microbatches;
    double bubble;    /* as sluice_trace_account() defines it */
    double formula;   /* sluice_bubble_formula(K, M) */
    double predicted; /* bubble of the predicted trace; NAN if there is none */
    double residual;  /* bubble - predicted, or - formula without it */
    sluice_advice advice;
} sluice_attribution;

/*
 * Give each idle nanosecond of a trace its cause.
 *
 * The advice is the change with the largest predicted gain.  A gain is the
 * simulated makespan as it was less the one as advised, divided by the time T
 * of the step.  c[cause] is the mean of a cause over the devices:
 *
 *     cut              equal stages; at most c[imbalance]
 *     larger M         at most c[fill] + c[drain]
 *     smaller M        at most c[hand-off]
 *     capacity         longer queues
 *     cores            a core for each device; or fewer devices, at most
 *                      c[preemption] + c[hand-off]
 *
 * For capacity and cores the actions of the trace are executed again, in their
 * order and with their durations; for a core for each device, an action takes
 * its CPU time.  The capacity as it was is the largest number of items that a
 * queue held.  It is doubled until the makespan is within 1 % of T of that with
 * unbounded queues.  These two are not computed for traces of more than 2^20
 * events, or with an order that no schedule can have.
 *
 * For the others one replica is simulated: GPipe, or 1F1B if forwards and
 * backwards alternate, with one stage for each device.  A forward and a
 * backward cost what they cost the device in the trace on average (over all
 * replicas), in proportion to the size of a micro-batch.  These are not
 * computed if K M exceeds 2^20.  The larger M is 4 K (Huang et al., 2019: the
 * bubble is negligible if M >= 4 K), or 2 M if that is more; the smaller M is M
 * / 2. "Fewer devices" means as many as there were cores: the CPU time of the
 * trace divided by its makespan, rounded up.  Each of them computes what
 * several neighbours computed, and has a core to itself.
 *
 * The devices of a team make the same actions together: each shard is taken for
 * a replica of its own.
 *
 * In all simulations an action takes longer by the mean hand-off of its device,
 * whatever its size.
 *
 * No change is advised for a gain below 1 % of T.  If the bubble is within one
 * percentage point of the formula, only cores are advised, and a larger M as
 * long as M < 4 K.
 *
 * Shapes   devices[trace->n_devices] (may be NULL).
 * Threads  any, while no step runs.
 * Returns  SLUICE_OK; SLUICE_INVALID for an impossible trace: no devices;
 *          events out of order, overlapping or outside the step; actions out of
 *          range or twice; a stage on two devices; a number of devices that the
 *          numbers of replicas and of devices of a team do not divide; or a
 *          length that, times the number of devices, exceeds INT64_MAX / 8 ns
 *          (36 years); SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_trace_attribute(
    const sluice_trace *trace, const sluice_attribution_config *config,
    sluice_idle *devices, sluice_attribution *out, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
