/*
 * Plans: how to train a model on given devices so that a step is as short as
 * can be found.
 *
 * A plan says which devices are used, in which order, how many replicas they
 * make and how many of them work a stage as a team, how the layers are cut into
 * stages, which schedule the devices follow, into how many micro-batches a
 * mini-batch is divided, which stages recompute, and the capacity of the
 * queues.  Every plan that is considered is proved by sluice_schedule_verify()
 * and priced by sluice_simulate().
 *
 *     sluice_plan *plan;
 *     sluice_plan_find(&(sluice_plan_config){
 *         .devices = devices, .n_devices = 2, .batch = 256,
 *         .layers = layers, .n_layers = n, .microbatches = (int[]){4, 8},
 *         .n_microbatches = 2, .costs_ns = costs}, &plan, &why);
 *     sluice_plan_apply(plan, &pipeline_config);
 *
 * docs/planning.md says how plans are searched for, and what is exact.
 */
#ifndef SLUICE_PLAN_H
#define SLUICE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SLUICE_PLAN_MAX_STAGES = 256,
    SLUICE_PLAN_MAX_ROWS = 16, /* the plan and its runners-up */
    SLUICE_PLAN_TEXT = 640,    /* bytes of its sentence */
};

/* A device of the machine; zero means the default in every field. */
typedef struct sluice_plan_device {
    double speed;     /* an action takes its cost divided by it; 1 */
    size_t cap_bytes; /* of memory; 0: no limit */
    int node;         /* devices of different nodes hand over by the network */
} sluice_plan_device;

/* What a layer takes.  sluice_plan_layers() fills it in for a model. */
typedef struct sluice_plan_layer {
    int64_t fixed_bytes;       /* parameters, gradients, optimizer states */
    int64_t input_row_bytes;   /* its input, for each row */
    int64_t saved_row_bytes;   /* what the forward leaves for the backward,
                                  besides; not held if it is recomputed */
    int64_t scratch_row_bytes; /* within one action */
    int64_t param_bytes;       /* of fixed_bytes the parameters: replicas add up
                                  as many bytes of gradients */
} sluice_plan_layer;

/* Zero means the default in every field except those that must be given. */
typedef struct sluice_plan_config {
    const sluice_plan_device *devices; /* [n_devices]; must be given */
    int n_devices;
    int64_t latency_ns;  /* of a hand-off within a node */
    double bytes_per_ns; /* of a hand-off, in addition; 0: takes no time */
    int64_t network_ns;  /* the same two between nodes */
    double network_bytes_per_ns;
    int64_t spin_ns; /* a device that has waited for longer sleeps; 0:
                        SLUICE_SPIN_NS, as in a pipeline */
    int64_t wake_ns; /* what it takes to wake then, and what a step takes
                        besides, whose devices and caller wake */

    int64_t batch;                   /* rows of a mini-batch; must be given */
    const sluice_plan_layer *layers; /* [n_layers]; must be given */
    int n_layers;
    const int *microbatches; /* [n_microbatches]: numbers that may be taken, of
                                all replicas together; must be given */
    int n_microbatches;
    const int *replicas; /* [n_replicas]: numbers of replicas that may be taken.
                            A number of micro-batches that replicas do not
                            divide is left out with them.  NULL: 1 */
    int n_replicas;
    const int *teams; /* [n_teams]: sizes of a team that may be taken, on
                         devices of one node each.  Counted bytes of a team
                         are divided evenly.  NULL: 1 */
    int n_teams;
    const int *gathers; /* [n_gathers]: numbers N of micro-batches whose weight
                           gradients may be one product, as gather_weights and
                           join_weights of a pipeline make them; 0: as the
                           schedule has them.  N joined W of M micro-batches are
                           priced as one W of M / N micro-batches.  Therefore N
                           is left out with an M that is not a divisor of the
                           batch, where M / N is not among `microbatches`, and
                           where N does not divide the micro-batches of a
                           replica.  Joining changes bits.  NULL: 0 */
    int n_gathers;
    const int *zeros; /* [n_zeros]: ZeRO stages that may be taken, 0 to 3, see
                         docs/zero.md; from 1 on only with replicas, and where
                         the model, the optimizer and the order of the backwards
                         allow it.  NULL: 0 */
    int n_zeros;
    bool vocabulary; /* the model's head, and an embedding that it begins with,
                        may be cut across the devices of a replica, as
                        vocabulary_parallel of a pipeline cuts them: of
                        `model`, which must be given, with costs of all its
                        layers.  Each of K places takes 1 / K of the costs of
                        S, T and UPDATE of the last layer.  Where it has no S
                        or T above 0, S takes what F and I of the head take,
                        with the gradients of an embedding's rows, and T what
                        its W takes.  The partition of such a plan is that of
                        the layers without the head */
    const int64_t *costs_ns; /* [n_teams][n_microbatches][n_layers]
                                [SLUICE_N_ACTION_KINDS]: what a layer takes with
                                a team on devices of speed 1, for micro-batches
                                of that number: F, B, I, W, R and UPDATE, and
                                S and T of a head that may be cut; must be
                                given.  A kind that is -1 cannot be had:
                                schedules with it are left out.  REDUCE_GRAD is
                                what two replicas need to add up a layer's
                                gradients; R of them take 2 (R - 1) / R times as
                                long, and from node to node the bytes' time by
                                the network besides.  With ZeRO the first half
                                of it stands before the UPDATE, which takes 1 /
                                R of its cost, and the second behind it; in
                                stage 3 there is no second half */

    const int64_t *first_ns; /* the same shape: how much more the first F, and
                                the first B or I, of a step takes than others,
                                since weights are packed for it; NULL: nothing.
                                A stage that waits for its input packs before
                                it waits.  The bound leaves it out */

    /* The same two where each of several replicas has one micro-batch.  Its
     * weights are used once between two updates, so that packing them does not
     * pay, and products are made in another way.  NULL: as with more. */
    const int64_t *once_ns;
    const int64_t *once_first_ns;

    const char *schedules; /* names of generators, separated by commas, and
                              "auto", the search of sluice/search.h; NULL: all
                              that are synchronous and have one copy */
    int least_devices;     /* 1 */
    int queue_capacity;    /* 0: as large as is of use, at most 8 */
    bool no_remat;         /* never recompute */
    bool no_early;         /* an R only stands just before its backward */

    /* Memory is counted by the layers' bytes.  Both given: by the exact plan of
     * sluice_pipeline_plan(), with what the config says besides the plan.  A
     * plan carries the text of its model, and is refused for another one.  Of a
     * model also the skip connections take their time on the way. */
    const sluice_model *model;
    const sluice_pipeline_config *pipeline;
    const sluice_allocator *allocator; /* NULL: malloc */
} sluice_plan_config;

typedef struct sluice_plan sluice_plan;

/* One way to train: of the plan, or of a runner-up. */
typedef struct sluice_plan_row {
    int devices;       /* places of the pipeline, K: R K t devices are used */
    int replicas;      /* R */
    int team;          /* t */
    int zero;          /* ZeRO stage */
    int gather;        /* W's of so many micro-batches are one product; 0: as
                          the schedule has them */
    bool vocabulary;   /* the head is cut across the devices */
    int microbatches;  /* of each replica */
    char schedule[32]; /* a generator's name, "auto", or "varuna's rule" */
    int chunks;        /* stages of a device */
    int warm_up;       /* 0: the generator has no such option */
    int queue_capacity;
    int recomputing; /* stages that recompute */
    bool early;      /* R's stand earlier than just before their backwards, see
                        sluice_schedule_recompute() */
    int64_t step_ns; /* simulated */
    double bubble;   /* of the used devices' time, recomputing counts as work */
    size_t bytes;    /* of the device that takes most */
    char limit[80];  /* what keeps it from being faster */
} sluice_plan_row;

/*
 * Find a plan.  For each number of micro-batches, devices and each schedule,
 * the cut, the devices' order and the stages that recompute are found by
 * dynamic programming, see docs/planning.md; the best of these are improved
 * by moving single layers, devices and choices, and by the search for a
 * schedule.
 *
 * The same config gives the same plan on every machine.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID for numbers out of range, or what must be
 *          given and is not, and for `vocabulary` of a model or with a loss
 *          that cannot be cut; SLUICE_NOT_FOUND for a schedule of another name;
 *          SLUICE_OVER_CAP if nothing fits under the caps, with the bytes to
 *          which to raise those that are smaller, so that something does;
 *          SLUICE_NO_MEMORY; or as sluice_pipeline_plan().
 */
SLUICE_API sluice_status sluice_plan_find(const sluice_plan_config *config,
                                          sluice_plan **out, sluice_diag *why);

/* Free a plan; NULL is allowed. */
SLUICE_API void sluice_plan_destroy(sluice_plan *plan);

/* The plan itself, row 0, and its runners-up, the fastest first: one for each
 * number of devices, replicas, size of a team, ZeRO stage, gathered weight
 * gradients, schedule, whether it recomputes, and whether the vocabulary is
 * cut, where one device has all layers only the fastest schedule; and, if the
 * schedule "varuna" may be chosen, what Varuna would do: its sizes of
 * micro-batches, equal cuts, and the best numbers of devices and replicas. */
SLUICE_API int sluice_plan_n_rows(const sluice_plan *plan);
SLUICE_API const sluice_plan_row *sluice_plan_row_at(const sluice_plan *plan,
                                                     int i);

/* No plan of these devices, micro-batches and costs has a shorter step,
 * whatever its schedule; 0: not known, as of a file that does not say it. */
SLUICE_API int64_t sluice_plan_bound_ns(const sluice_plan *plan);

/* Why this plan, in one sentence. */
SLUICE_API const char *sluice_plan_sentence(const sluice_plan *plan);

/* What a pipeline needs of it, owned by the plan. */
SLUICE_API const sluice_schedule *sluice_plan_schedule(const sluice_plan *plan);
SLUICE_API int64_t sluice_plan_batch(const sluice_plan *plan);

/* The number of layers of each stage; `*n` the number of stages. */
SLUICE_API const int *sluice_plan_partition(const sluice_plan *plan, int *n);

/* For each device of the pipeline, by index (see sluice/pipeline.h), that of
 * the config; `*n` = R K t devices. */
SLUICE_API const int *sluice_plan_places(const sluice_plan *plan, int *n);

/* The speed of each of these devices. */
SLUICE_API const double *sluice_plan_speeds(const sluice_plan *plan, int *n);

/* The text of the model that it was made for, as sluice_model_print() writes
 * it; NULL: not known. */
SLUICE_API const char *sluice_plan_model(const sluice_plan *plan);

/*
 * Set the fields of a pipeline's config that the plan decides: `custom`, `cut`,
 * `partition`, `batch`, `replicas`, `team`, `zero`, `vocabulary_parallel`,
 * `queue_capacity`, `remat`, as the schedule recomputes by itself, of
 * `schedule` `devices` and `microbatches`, and, if the plan gathers weight
 * gradients, `join_weights`.
 * The plan must outlive the creation of the pipeline.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the plan was made for another model
 *          than `model`; SLUICE_NO_MEMORY.  Of a plan of which no model is
 *          known `model` is not read: it is for each with as many layers.
 */
SLUICE_API sluice_status sluice_plan_apply(const sluice_plan *plan,
                                           const sluice_model *model,
                                           sluice_pipeline_config *config,
                                           sluice_diag *why);

/*
 * Write a plan to a file, as text: settings, NAME = VALUE, a line each, then
 * "actions:" and the schedule as CSV.  Lines that begin with # are remarks.
 * "model = any" is a plan from costs alone, which goes with any model of as
 * many layers.
 * The file appears as a whole or not at all.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID as sluice_schedule_format_csv();
 *          SLUICE_NO_MEMORY; SLUICE_IO.
 */
SLUICE_API sluice_status sluice_plan_write(const sluice_plan *plan,
                                           const char *path, sluice_diag *why);

/*
 * Read it again.  The result has one row.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT for a text that is no plan, with file and
 *          line; SLUICE_SCHEDULE if the schedule cannot run; SLUICE_NO_MEMORY;
 *          SLUICE_IO.
 */
SLUICE_API sluice_status sluice_plan_read(const char *path,
                                          const sluice_allocator *allocator,
                                          sluice_plan **out, sluice_diag *why);

/*
 * What the layers of a model take, for a plan: with the number of states of the
 * optimizer of `pipeline`, whose other fields are not read.
 *
 * Shapes   layers[n_layers].
 * Returns  SLUICE_OK; as sluice_pipeline_plan() for the optimizer.
 */
SLUICE_API sluice_status sluice_plan_layers(
    const sluice_model *model, const sluice_pipeline_config *pipeline,
    sluice_plan_layer *layers, sluice_diag *why);

/* What a core can do, for costs before anything was measured. */
typedef struct sluice_plan_rates {
    double flops_per_ns; /* of matrix products */
    double bytes_per_ns; /* of memory */
    int team;            /* devices that work a layer together; 0: 1 */
    int64_t meeting_ns;  /* that they take to meet */
} sluice_plan_rates;

/*
 * The costs of a model's layers by their operations and bytes: an action takes
 * the longer of its operations at the one rate, and of what it reads and writes
 * at the other.
 *
 * Of a layer that a team divides, each device of t has 1 / t of the operations,
 * of the weights, of what an action writes, and reads all of its input; F and W
 * have one meeting, I has two.  A layer that a team does not divide takes as
 * long as on one device.
 *
 * Shapes   costs_ns[n_layers][SLUICE_N_ACTION_KINDS], for micro-batches of
 *          `rows`.
 */
SLUICE_API void sluice_plan_model_costs(const sluice_model *model, int64_t rows,
                                        const sluice_plan_rates *rates,
                                        int64_t *costs_ns);

#ifdef __cplusplus
}
#endif

#endif
