/*
 * The order of a pipeline's work: the options that ask for it, and what they
 * ask for as the library wants to hear it.
 */
#ifndef BENCH_ORDER_ORDER_H
#define BENCH_ORDER_ORDER_H

#include <stdbool.h>

#include <sluice/pipeline.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/cli/option.h"

struct order_options {
    const char *schedule; /* as schedule_names.h says */
    int remat;            /* a sluice_remat */
    int backward_order;   /* a sluice_backward_order */
    int capacity;         /* of the queues */
    int chunks;           /* 0: the standard, in these three */
    int group;
    int warm_up;
    bool vertical_sync;
    bool join_weights; /* neighbouring W in one call */
    const char *gemm;  /* the GEMM backend; NULL: the library's default */
};

/* What a command line without such options gives, for an initializer. */
#define ORDER_DEFAULTS                                                         \
    {                                                                          \
        .schedule = "gpipe", .remat = SLUICE_REMAT_NEVER,                      \
        .backward_order = SLUICE_REVERSE, .capacity = SLUICE_QUEUE_CAPACITY    \
    }

/* The options, and those that only some generators have; and the check of a
 * group of both. */
extern const struct option_row order_options[];
extern const struct option_row order_generator_options[];
sluice_status order_check(const void *order, sluice_diag *why);

/* Whether a generator's option of that name was given. */
bool order_gives(const struct order_options *order, const char *name);

/* Add all of it to the context of a table. */
void order_context(const struct order_options *order,
                   struct table_fields *fields);

/* What to generate for so many devices and micro-batches. */
sluice_schedule_config order_config(const struct order_options *order,
                                    int devices, int microbatches);

/* Have a pipeline work in this order, except for
 * order_custom() of schedule_source.h. */
void order_apply(const struct order_options *order,
                 sluice_pipeline_config *config);

#endif
