/*
 * What a generator is, and how it writes.  A new one is a file that defines a
 * `const struct sl_generator`, named in CMakeLists.txt, declared at the end of
 * this one, and a row in generators.c.
 */
#ifndef SL_SCHED_GENERATORS_GENERATOR_H
#define SL_SCHED_GENERATORS_GENERATOR_H

#include <sluice/schedule.h>
#include <sluice/schedule_formula.h>

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

struct sl_generator {
    const char *name;    /* "gpipe" */
    const char *summary; /* one line, for listing */

    /* The number of stages; it may exceed what a schedule can have. */
    int (*n_stages)(const sluice_schedule_config *config);

    int n_copies; /* of the model; 0 means 1 */

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

extern const struct sl_generator sl_generator_gpipe;
extern const struct sl_generator sl_generator_1f1b;
extern const struct sl_generator sl_generator_eager_1f1b;
extern const struct sl_generator sl_generator_interleaved_1f1b;
extern const struct sl_generator sl_generator_looped_bfs;
extern const struct sl_generator sl_generator_zb_h1;
extern const struct sl_generator sl_generator_zb_h2;
extern const struct sl_generator sl_generator_zb_v;
extern const struct sl_generator sl_generator_v_half;
extern const struct sl_generator sl_generator_v_min;
extern const struct sl_generator sl_generator_dualpipe;
extern const struct sl_generator sl_generator_dualpipe_v;
extern const struct sl_generator sl_generator_pipedream;
extern const struct sl_generator sl_generator_pipedream_2bw;
extern const struct sl_generator sl_generator_varuna;
extern const struct sl_generator sl_generator_forward;

#endif
