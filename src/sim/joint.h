/*
 * The waits of vocabulary parallelism on a clock: S for the F of the last
 * stage; T, and the B or I of the last stage, for the S of all devices.  What
 * comes from another device arrives the latency later.  One thread.
 */
#ifndef SL_SIM_JOINT_H
#define SL_SIM_JOINT_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

struct sl_joint {
    const sluice_schedule *schedule;
    const sluice_allocator *allocator;
    int64_t latency_ns;
    bool *scores;       /* [n_devices] has S and T; NULL: none has */
    int64_t *output_ns; /* [M] the F of the last stage ended; -1: not yet */
    int64_t *scored_ns; /* [n_devices][M] the S ended; the same */
};

/* Returns SLUICE_OK, SLUICE_NO_MEMORY; sl_joint_fini() in both cases. */
sluice_status sl_joint_init(struct sl_joint *joint,
                            const sluice_schedule *schedule, int64_t latency_ns,
                            const sluice_allocator *allocator);
void sl_joint_fini(struct sl_joint *joint);

/* Move *start on to when all is there that `action` of `device` waits for.
 * Returns false if that is not known yet. */
bool sl_joint_await(const struct sl_joint *joint, int device,
                    sluice_action action, int64_t *start);

/* `action` of `device` has ended.  Returns whether another may have waited for
 * it. */
bool sl_joint_end(struct sl_joint *joint, int device, sluice_action action,
                  int64_t end_ns);

#endif
