/*
 * What a generator is, and how it writes.  A new one is a file that defines a
 * `const struct sl_generator`, and a row in generators.c.
 */
#ifndef SL_SCHED_GENERATOR_H
#define SL_SCHED_GENERATOR_H

#include <sluice/schedule.h>

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

struct sl_generator {
    const char *name;    /* "gpipe" */
    const char *summary; /* one line, for listing */

    /* The number of stages on `devices` devices; stage s is on device
     * s % devices. */
    int (*n_stages)(int devices);

    /* Write the list of one device. */
    void (*write)(struct sl_writer *writer,
                  const sluice_schedule_config *config);
};

/* As sl_generator.n_stages: one stage per device. */
int sl_one_stage_each(int devices);

extern const struct sl_generator sl_generator_gpipe;
extern const struct sl_generator sl_generator_1f1b;
extern const struct sl_generator sl_generator_forward;

#endif
