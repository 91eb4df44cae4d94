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
#include "bench/measure/order.h"

/* What a micro-batch takes on a device, in cells, and a cell in ns. */
struct schedule_costs {
    double forward;
    double input;
    double weight;
    double recompute; /* negative: as long as forward */
    double latency;   /* of a hand-off */
    int64_t cell_ns;
};

/* When activations are recomputed, and the words for it. */
enum schedule_moment {
    RECOMPUTE_AT_ONCE, /* just before the backward */
    RECOMPUTE_EARLY,   /* where the device would wait */
    RECOMPUTE_NAIVE,   /* having waited for the gradient */
};

extern const struct choice recompute_choices[];

/* The name of the schedule that is searched for. */
#define SCHEDULE_AUTO "auto"

struct schedule_wanted {
    int devices;                /* 0: 4, or as many as the file has */
    int microbatches;           /* 0: 8 */
    struct order_options order; /* `schedule` is a generator or a file */
    const char *remats;         /* a word for each stage; NULL: order.remat */
    enum schedule_moment moment;
    bool split; /* B to I and W */
    bool merge; /* I and W to B */
    bool lower; /* spell out sends and receives */
    int slack;  /* forwards further ahead for each device behind */
    int limit;  /* of a device's activations, in micro-batches, for "auto";
                   0: none */
    struct schedule_costs costs;
};

/* Whether a name can only be that of a file: no generator's, and with a dot or
 * a slash in it. */
bool schedule_is_file(const char *name);

/*
 * Read a file as it is: JSON if its name ends so, else CSV.
 *
 * Returns  as sluice_schedule_read_csv(), sluice_schedule_read_json().
 */
sluice_status schedule_read(const char *path, sluice_schedule **out,
                            sluice_diag *why);

/* Whether it has no backward: then it is verified as such. */
bool schedule_is_forward(const sluice_schedule *schedule);

/* What each kind of action takes of a stage that is one of `share` on its
 * device. */
void schedule_costs_of(const struct schedule_costs *costs, int share,
                       int64_t costs_ns[SLUICE_N_ACTION_KINDS]);

/* Its stages on a device. */
int schedule_stages_on(const sluice_schedule *schedule, int device);

/*
 * The costs of each stage, in ns: the stages of a device share its time.
 *
 * Shapes   costs_ns[n_stages][SLUICE_N_ACTION_KINDS]
 */
void schedule_stage_costs(const sluice_schedule *schedule,
                          const struct schedule_costs *costs,
                          int64_t *costs_ns);

#endif
