/*
 * The order of a pipeline's work: the options that ask for it, and what they
 * ask for as the library wants to hear it.
 */
#ifndef BENCH_ORDER_ORDER_H
#define BENCH_ORDER_ORDER_H

#include <stdbool.h>
#include <stdio.h>

#include <sluice/pipeline.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/cli/option.h"
#include "bench/order/device_speeds.h"
#include "bench/order/pin_option.h"

struct order_options {
    const char *schedule;     /* as schedule_names.h says */
    int remat;                /* a sluice_remat */
    int backward_order;       /* a sluice_backward_order */
    int capacity;             /* of the queues */
    bool join_weights;        /* neighbouring W in one call */
    int gather_weights;       /* the W of so many in one call; 0: as they are */
    bool vocabulary_parallel; /* a head is cut across the devices */

    /* The options of generators; order_config() sets the other fields. */
    sluice_schedule_config generated;
    struct pin_choice pin;
    struct device_speeds speeds; /* of a replica; order_apply() sets them */
    const char *gemm;      /* the GEMM backend; NULL: the library's default */
    const char *precision; /* of products; the same */
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

/* Both as groups of a command whose config is a `type`, in its `member`. */
#define ORDER_GROUPS(type, member)                                             \
    {.title = "Order of the work",                                             \
     .options = order_options,                                                 \
     .offset = offsetof(type, member),                                         \
     .check = order_check},                                                    \
    {                                                                          \
        .options = order_generator_options, .offset = offsetof(type, member),  \
        .continues = true                                                      \
    }

/* Whether a generator's option of that name was given. */
bool order_gives(const struct order_options *order, const char *name);

/* Add an option of generators to the context of a table: what holds for this
 * schedule on so many devices (0: "K" stands for them), given or not; no value
 * if it does not read the option. */
void order_add_option(const struct order_options *order, const char *schedule,
                      int devices, const struct option_row *option,
                      struct table_fields *fields);

/* For people, ", chunks 2" for each option that the schedule reads, and a
 * newline. */
void order_print_options(const struct order_options *order, int devices,
                         FILE *out);

/* Add all of it, each option with the value that holds; no value for those that
 * the schedule does not read. */
void order_context(const struct order_options *order,
                   struct table_fields *fields);

/* What to generate for so many devices and micro-batches. */
sluice_schedule_config order_config(const struct order_options *order,
                                    int devices, int microbatches);

/* The bubble by sluice_schedule_idle(), 0 to 1, for equal stages with F = I =
 * W; NAN if the schedule has no closed form, and with rematerialization or
 * gathered W. */
double order_bubble(const struct order_options *order, int devices,
                    int microbatches);

/* Have a pipeline work in this order, except for
 * order_custom() of schedule_source.h. */
void order_apply(const struct order_options *order,
                 sluice_pipeline_config *config);

#endif
