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
 * holds exactly, in integers.  Measured and predicted traces are treated alike;
 * for the virtual clock give the trace of sluice_trace_virtual().
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
     * The pipeline does not yet deliver: waiting for input before the first F
     * of a stage, and before its first backward (B or I), the turn-around.  If
     * what the first backward waits for lay on its way in front of devices that
     * were busy with other work, that much of the wait is imbalance.
     */
    SLUICE_IDLE_FILL = 0,
    /*
     * Nothing is left to do: from the device's last computing to the last end,
     * less the time for which what it made lay on its way, as above.
     * In a schedule in which devices take turns between forwards and backwards
     * (1F1B), also waiting for input after the device's last F: its neighbour
     * still does both, it has only one of them left.
     */
    SLUICE_IDLE_DRAIN,
    /*
     * A slower neighbour in steady state: all other waiting for input.  So is
     * waiting for room in the queue of a neighbour that is slower throughout,
     * which no capacity would cure: of a device's back-pressure that part which
     * its imbalance lacks to the difference between the computing time of the
     * slowest device and its own.
     */
    SLUICE_IDLE_IMBALANCE,
    /*
     * A full queue: from the end of an action until the neighbour took out the
     * item that made room; but see above.
     */
    SLUICE_IDLE_BACK_PRESSURE,
    /*
     * From the end of the action that made an input (if later: the device's
     * arrival) to the start of the one that takes it, from making room to
     * going on, and what a device needs between two actions.
     */
    SLUICE_IDLE_HAND_OFF,
    /*
     * The step around the pipeline: before the first start and after the last
     * end (the commit barrier, the updates, the call), and in asynchronous
     * schedules the updates among the actions, with the wait before them.
     * Replicas adding up their gradients, and waiting for each other to do so.
     */
    SLUICE_IDLE_UPDATE,
    /*
     * Within an F, B, I, W or R: wall time beyond the thread's CPU time.
     * Another thread had the core, or the action slept.
     */
    SLUICE_IDLE_PREEMPTION,
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
    SLUICE_ADVISE_FEWER_BATCHES, /* a smaller M: hand-offs cost more than they
                                    bring */
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
    /* Actions sleep on purpose (timed layers), or their CPU time is unknown:
     * nothing is preemption. */
    bool cells_sleep;
    const sluice_trace *predicted;     /* of the same schedule; NULL: none */
    const sluice_allocator *allocator; /* for the time of the call only */
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
 * The advice is the remedy of the largest predicted gain: the difference of
 * two simulated makespans, as it was and as advised, in shares of the step's
 * time T.  c is the mean over devices of a cause:
 *
 *     cut              equal stages; at most c[imbalance]
 *     larger M         at most c[fill] + c[drain]
 *     smaller M        at most c[hand-off]
 *     capacity         longer queues
 *     cores            a core for each device; or fewer devices, at most
 *                      c[preemption] + c[hand-off]
 *
 * Capacity and cores execute the trace's own actions again, in their order,
 * with the duration of each, for a core of its own with its CPU time.  The
 * capacity as it was is the most that a queue held; advised is the least
 * doubling of it that comes within 1 % of T of queues without end.  There is no
 * such gain for traces of more than 2^20 events, or whose order no schedule can
 * have.
 *
 * The others simulate one replica: GPipe, or 1F1B if forwards and backwards
 * alternate, with a stage for each device; a forward and a backward cost what
 * they cost the device in the trace on average (of all replicas), in proportion
 * to the size of a micro-batch.  There is no gain above 2^20 micro-batches of
 * devices.  The larger M is 4 K (Huang et al., 2019: the bubble is negligible
 * if M >= 4 K), or 2 M if that is more; the smaller one M / 2.  Fewer devices
 * are as many as there were cores, for which the trace's CPU time over its
 * makespan is taken, rounded up; each computes what neighbours computed, with a
 * core of its own.
 *
 * Everywhere an action takes longer by its device's mean hand-off, whatever its
 * size.
 *
 * Nothing is advised below 1 % of T.  Where the bubble is within one percentage
 * point of the formula, only cores are, and a larger M as long as M < 4 K.
 *
 * Shapes   devices[trace->n_devices] (may be NULL).
 * Threads  any, while no step runs.
 * Returns  SLUICE_OK; SLUICE_INVALID for a trace that cannot be: without
 *          devices, events out of order, overlapping or outside the step,
 *          actions out of range or met twice, stages on two devices, devices
 *          that are not as many for each replica; or if its length, times the
 *          number of devices, exceeds INT64_MAX / 8 ns (36 years);
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_trace_attribute(
    const sluice_trace *trace, const sluice_attribution_config *config,
    sluice_idle *devices, sluice_attribution *out, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
