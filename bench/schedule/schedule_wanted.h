/*
 * The schedule that `sluice schedule` was asked for: a generator's or a file's,
 * and the passes it goes through.  schedule_make() makes it.
 */
#ifndef BENCH_SCHEDULE_SCHEDULE_WANTED_H
#define BENCH_SCHEDULE_SCHEDULE_WANTED_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/cli/choice.h"
#include "bench/order/order.h"
#include "bench/order/schedule_auto.h"
#include "bench/order/schedule_costs.h"

/* When activations are recomputed, and the words for it. */
enum schedule_moment {
    RECOMPUTE_AT_ONCE, /* just before the backward */
    RECOMPUTE_EARLY,   /* where the device would wait */
    RECOMPUTE_NAIVE,   /* having waited for the gradient */
};

extern const struct choice recompute_choices[];

struct schedule_wanted {
    int devices;                /* 0: 4, or as many as the file has */
    int microbatches;           /* 0: 8 */
    struct order_options order; /* `schedule` is a generator or a file */
    const char *remats;         /* a word for each stage; NULL: order.remat */
    enum schedule_moment moment;
    bool split; /* B to I and W */
    bool merge; /* I and W to B */
    bool cuts;  /* the vocabulary, as costs.scores says */
    int shard;  /* stages whose parameters are whole; 0: not asked for */
    bool lower; /* spell out sends and receives */
    int slack;  /* forwards further ahead for each device behind */
    struct schedule_goal goal; /* of "auto" */
    struct schedule_costs costs;
};

/* Whether it has no backward: then it is verified as such. */
bool schedule_is_forward(const sluice_schedule *schedule);

/* Its stages on a device. */
int schedule_stages_on(const sluice_schedule *schedule, int device);

#endif
