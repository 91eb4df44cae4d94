/*
 * The schedule as the library sees it: a plain struct.  Threads: written by the
 * thread that builds it, then read by any.
 */
#ifndef SL_SCHED_SCHEDULE_H
#define SL_SCHED_SCHEDULE_H

#include <stddef.h>

#include <sluice/memory.h>
#include <sluice/schedule.h>

/* The ordered actions of one device. */
struct sl_action_list {
    sluice_action *actions; /* [n] */
    int n;
    size_t capacity; /* of `actions` */
};

enum { SL_SCHEDULE_REMARK = 256 };

struct sluice_schedule {
    const sluice_allocator *allocator; /* const after create */
    int n_devices;                     /* const after create */
    int n_stages;                      /* const after create: of all copies */
    int n_copies;                      /* const after create */
    int n_microbatches;                /* const after create */
    int *stage_device;                 /* [n_stages], const after create */
    struct sl_action_list *programs;   /* [n_devices] */
    char remark[SL_SCHEDULE_REMARK];   /* what a reader took for granted; a
                                          refusal quotes it */
};

/* Stages of one copy: parts of the model. */
static inline int sl_schedule_depth(const sluice_schedule *schedule)
{
    return schedule->n_stages / schedule->n_copies;
}

/* Whether stages `stage` and `stage` + 1 are neighbours. */
static inline bool sl_schedule_boundary(const sluice_schedule *schedule,
                                        int stage)
{
    return stage >= 0 && stage + 1 < schedule->n_stages &&
           (stage + 1) % sl_schedule_depth(schedule) != 0;
}

/* Whether an action passes something on and does nothing else. */
static inline bool sl_is_hand_off(sluice_action action)
{
    return action.kind >= SLUICE_SEND_F && action.kind <= SLUICE_RECV_B;
}

/* Whether an action is about parameters that replicas share. */
static inline bool sl_shards(sluice_action action)
{
    return action.kind >= SLUICE_REDUCE_GRAD && action.kind <= SLUICE_RESHARD;
}

/* Whether it is about a whole stage, and so has no micro-batch. */
static inline bool sl_is_of_stage(sluice_action action)
{
    return action.kind == SLUICE_UPDATE || sl_shards(action);
}

/* Whether there are such actions. */
bool sl_schedule_shards(const sluice_schedule *schedule);

/*
 * Read what sluice_action_format() writes.  Whether a schedule has such an
 * action sluice_schedule_append() says.
 *
 * Returns  whether all of `text` is an action.
 */
bool sl_action_parse(const char *text, sluice_action *action);

/* Whether there are S and T. */
bool sl_schedule_cuts_vocabulary(const sluice_schedule *schedule);

/* Whether there are forwards, their hand-offs, and S and T, only. */
bool sl_schedule_is_forward(const sluice_schedule *schedule);

/*
 * What a pipeline, and its reference, mean by zeros in `config`: one device,
 * one micro-batch, and this allocator.
 */
sluice_schedule_config
sl_schedule_standards(const sluice_schedule_config *config,
                      const sluice_allocator *allocator);

/* Whether a schedule may have these sizes.  Returns SLUICE_OK, SLUICE_INVALID.
 */
sluice_status sl_check_sizes(int devices, int stages, int microbatches,
                             sluice_diag *why);

/*
 * A copy of a schedule, from another allocator.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_schedule_copy(const sluice_schedule *schedule,
                               const sluice_allocator *allocator,
                               sluice_schedule **out, sluice_diag *why);

/*
 * Make room for the first `n` actions of a device, exactly; it has none yet.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_schedule_reserve(sluice_schedule *schedule, int device, int n,
                                  sluice_diag *why);

/*
 * An empty schedule of the same devices, stages, copies, micro-batches and
 * allocator:
 * where a pass starts.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_schedule_like(const sluice_schedule *schedule,
                               sluice_schedule **out, sluice_diag *why);

#endif
