/*
 * What any thread may do while a pipeline works: end a call, and ask what each
 * device is doing; and the watchdog, which names a device that has been in one
 * operation for too long.
 */
#ifndef SLUICE_WATCH_H
#define SLUICE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sluice_pipeline;

/*
 * End the step, evaluation or inference under way with SLUICE_CANCELLED, as
 * soon as each device has finished its current action.  Without one under way
 * it does nothing.
 *
 * Threads  any, at any time between create and destroy; not from a signal
 *          handler: it takes a lock.
 */
SLUICE_API void sluice_pipeline_cancel(struct sluice_pipeline *pipe);

/*
 * The same for the call under way and all that follow, until it is taken back:
 * while it is `cancelled`, step, evaluate and infer return SLUICE_CANCELLED.
 * So a cancellation that comes between two steps is not lost, and ends
 * sluice_train(), too.
 *
 * Threads  as sluice_pipeline_cancel().
 */
SLUICE_API void sluice_pipeline_set_cancelled(struct sluice_pipeline *pipe,
                                              bool cancelled);

enum {
    SLUICE_RECENT = 64,          /* operations that an activity remembers */
    SLUICE_ACTIVITY_TEXT = 2048, /* bytes that hold every activity as text */
};

typedef enum sluice_doing {
    SLUICE_IDLE = 0,    /* no call is under way, or the device has done its part
                           of it */
    SLUICE_RUNNING,     /* it runs the operation */
    SLUICE_WAITS_INPUT, /* for the operation's input */
    SLUICE_WAITS_ROOM,  /* it has run the operation, and waits for room in the
                           queue that takes the result */
    SLUICE_MEETING,     /* with devices that must all come: to add up gradients,
                           or to agree that the step counts */
} sluice_doing;

/*
 * What a device does at one moment.  An operation is written as schedules write
 * actions, "2F0"; what a step adds to the schedule has a word, "agree".
 */
typedef struct sluice_activity {
    int device;
    sluice_doing doing;
    char operation[SLUICE_DIAG_ACTION]; /* "" if idle, as is all that follows */
    int stage;                          /* -1: all of the device's */
    int microbatch;                     /* -1: none */
    int layer;        /* whose function runs, if it is running; -1: none */
    const char *part; /* the name of the layer, loss or optimizer that runs, or
                         ran last, in the operation; "": none */
    int waits_for;    /* the device that must act before this one can go on: the
                         first one, if there are several; -1: none */
    int n_recent;
    char recent[SLUICE_RECENT]
               [SLUICE_DIAG_ACTION]; /* operations of this call before this one,
                                        oldest first; those that had nothing to
                                        do are among them */
} sluice_activity;

/*
 * Look at what `device` does.  One device is seen at one moment; two devices
 * are not seen at the same one.
 *
 * Threads  any, at any time between create and destroy; also in on_stuck.
 */
SLUICE_API void sluice_pipeline_activity(const struct sluice_pipeline *pipe,
                                         int device, sluice_activity *activity);

/*
 * Write an activity as one line without a newline: "device 1 runs 1B3, layer 4
 * (linear); before: 1F0 1F1 1F2 1F3".
 *
 * Threads  any.
 * Returns  `text`, cut off if `bytes` do not suffice.
 */
SLUICE_API const char *sluice_activity_format(const sluice_activity *activity,
                                              char *text, size_t bytes);

/*
 * The watchdog has found a device stuck: it has been running one operation for
 * config.watchdog_ns, or no device runs and none has gone on for so long.  Time
 * in which the process did not run, because it was stopped or the machine
 * slept, does not count.  Each operation is reported once.
 *
 * The call goes on afterwards: a thread that is in the code of a layer cannot
 * be ended from outside.  It may be a slow layer, which ends; if it does not,
 * only the end of the process helps.  sluice_pipeline_cancel() may be called
 * here, and ends the call as soon as the layer returns.  No other call of this
 * pipeline may be made, except sluice_pipeline_activity() for each device and
 * those that only read a constant, such as sluice_pipeline_n_devices().
 *
 * Threads  the one that called step, evaluate or infer, which waits there.
 */
typedef void sluice_on_stuck(void *context, struct sluice_pipeline *pipe,
                             const sluice_activity *activity, int64_t stuck_ns);

#ifdef __cplusplus
}
#endif

#endif
