/*
 * What a generator is, and how it writes.  A new one is a file that defines a
 * `const struct sl_generator`, named in CMakeLists.txt, and a row in
 * generator_list.h.
 */
#ifndef SL_SCHED_GENERATORS_GENERATOR_H
#define SL_SCHED_GENERATORS_GENERATOR_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/schedule.h>
#include <sluice/schedule_formula.h>

#include "sched/generators/generator_list.h"

/*
 * The end of one device's list.  After a failed append the following ones do
 * nothing, so a generator reads as the definition it implements and looks at
 * `status` once.
 */
struct sl_writer {
    sluice_schedule *schedule;
    int device;
    sluice_status status;
    sluice_diag *why;
};

/* Append an action to the writer's device. */
void sl_write(struct sl_writer *writer, sluice_action_kind kind, int stage,
              int microbatch);

/* The same with a version of the weights. */
void sl_write_version(struct sl_writer *writer, sluice_action_kind kind,
                      int stage, int microbatch, int version);

/* Append an UPDATE for each stage of the writer's device, in the order of their
 * parts. */
void sl_write_updates(struct sl_writer *writer);

/* What a generator promises about a device; sched.promises holds it to that
 * for every (K, M), and nothing else reads it. */
struct sl_promise {
    int activations; /* peak, in stages times micro-batches */
    bool at_most;    /* the peak may be less */
    int inner;       /* peak of inner activations; 0: as `activations` */
    int versions;    /* of the weights; 0: one */
    int places;      /* that the queues need, fewer deadlock; 0: one */
    bool choosy;     /* with fewer it may run all the same */
};

struct sl_generator {
    const char *name;    /* "gpipe" */
    const char *summary; /* one line, for listing */

    /* What may be chosen, options[n_options]; sl_option_chunks and so on. */
    const sluice_schedule_option *options;
    int n_options;
    bool forward_only;

    /* The number of stages; it may exceed what a schedule can have. */
    int (*n_stages)(const sluice_schedule_config *config);

    int n_copies; /* of the model; 0 means 1 */

    /* Of a micro-batch in a stage, at least; 0 means an F and a B. */
    int cell_actions;

    /* Refuse numbers for which there is no such schedule; NULL: there are
     * none. */
    sluice_status (*admit)(const sluice_schedule_config *config,
                           sluice_diag *why);

    /* The device that holds `stage`: sl_in_a_loop(), sl_in_a_v(). */
    int (*place)(int stage, int devices);

    /* Write the list of one device.  The numbers of `config` are in range, and
     * none of its parameters is 0. */
    void (*write)(struct sl_writer *writer,
                  const sluice_schedule_config *config);

    /* Or, if one's list follows from the others': the lists of all. */
    sluice_status (*write_all)(sluice_schedule *schedule,
                               const sluice_schedule_config *config,
                               sluice_diag *why);

    /* Refuse numbers for which what was written could not run, however large
     * the queues; NULL: there are none. */
    sluice_status (*check)(const sluice_schedule *schedule,
                           const sluice_schedule_config *config,
                           sluice_diag *why);

    /* Fill in, of zeros, what is known of device `r`; required. */
    void (*promise)(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise);

    /* What sluice_schedule_idle() says of it; NULL: there is no closed form. */
    double (*idle)(const sluice_schedule_config *config,
                   const sluice_device_costs *costs);
};

/*
 * The generator that `config` names, and its numbers with the standards in
 * place of zeros.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID, SLUICE_NOT_FOUND as
 *          sluice_schedule_generate().
 */
sluice_status sl_generator_find(const sluice_schedule_config *config,
                                const struct sl_generator **generator,
                                sluice_schedule_config *settled,
                                sluice_diag *why);

/*
 * Options that several generators have, for an initializer.  Where a number is
 * negative it depends on that of the devices, see sluice_schedule_option.
 */
#define SL_OPTION_CHUNKS                                                       \
    {                                                                          \
        .name = "chunks", .help = "Stages of a device",                        \
        .offset = offsetof(sluice_schedule_config, chunks), .least = 1,        \
        .most = SLUICE_OPTION_STAGES, .standard = 2                            \
    }
#define SL_OPTION_GROUP(text)                                                  \
    {                                                                          \
        .name = "group", .help = "Micro-batches that go " text,                \
        .offset = offsetof(sluice_schedule_config, group),                     \
        .least = SLUICE_OPTION_DEVICES, .most = SLUICE_MAX_MICROBATCHES,       \
        .standard = SLUICE_OPTION_DEVICES                                      \
    }
#define SL_OPTION_WARM_UP                                                      \
    {                                                                          \
        .name = "warm-up", .help = "Forwards ahead for each device behind",    \
        .offset = offsetof(sluice_schedule_config, warm_up), .least = 1,       \
        .most = SLUICE_MAX_MICROBATCHES, .standard = 2                         \
    }

static inline int sl_least(int a, int b)
{
    return a < b ? a : b;
}

/* As sl_generator.promise: min(M, K - r) activations, as 1f1b. */
void sl_promise_of_1f1b(const sluice_schedule_config *config, int r,
                        struct sl_promise *promise);

/* As sl_generator.idle: one after the other through all devices, there and
 * back, while a device works on one; a 1/v of it. */
double sl_idle_of_flush(const sluice_schedule_config *config,
                        const sluice_device_costs *costs);
double sl_idle_of_chunks(const sluice_schedule_config *config,
                         const sluice_device_costs *costs);

/* As sl_generator.n_stages: one per device, two, as many as asked for. */
int sl_one_stage_each(const sluice_schedule_config *config);
int sl_two_stages_each(const sluice_schedule_config *config);
int sl_chunks_each(const sluice_schedule_config *config);

/* As sl_generator.place: stage s is on device s % K; or the second half comes
 * back the way the first went: device r holds the stages r and 2K - 1 - r. */
int sl_in_a_loop(int stage, int devices);
int sl_in_a_v(int stage, int devices);

#define SL_DECLARE_GENERATOR(name)                                             \
    extern const struct sl_generator sl_generator_##name;
SL_GENERATORS(SL_DECLARE_GENERATOR)

#endif
