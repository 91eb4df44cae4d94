/*
 * What the proof of a schedule has brought to light about its updates, handed
 * on to who runs the schedule.  One thread.
 */
#ifndef SL_SCHED_VERIFY_FINDINGS_H
#define SL_SCHED_VERIFY_FINDINGS_H

#include <stdint.h>

#include "sched/schedule.h"

struct sl_findings {
    const sluice_schedule *schedule; /* that they are about */
    int n_updates; /* of each stage; more than one: it is asynchronous */
    int *versions; /* [n_stages] of the weights, kept at once */
    int32_t *used; /* [n_stages][n_microbatches] the version that each uses;
                      NULL in a synchronous schedule: all use version 1 */
    int32_t *update_of; /* [n_microbatches] the UPDATE of each stage, from 0,
                           that its gradients go into */
    int32_t *staleness; /* [n_stages][n_updates] of each UPDATE: the most, over
                           its gradients, of the newest version less the one
                           used */
};

/*
 * As sluice_schedule_verify(), with what was found out.  The schedule must
 * outlive the findings.
 *
 * Returns  as sluice_schedule_verify(); `findings` is filled on success only.
 */
sluice_status sl_verify(const sluice_schedule *schedule,
                        const sluice_verify_config *config,
                        struct sl_findings *findings, sluice_diag *why);

/* Also legal on findings of zeros. */
void sl_findings_fini(struct sl_findings *findings);

/*
 * Findings of a synchronous schedule, where nothing has to be found out; of any
 * other with the arrays to be filled.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_findings_init(struct sl_findings *findings,
                               const sluice_schedule *schedule);

/* The version that a micro-batch uses on a stage. */
static inline int32_t sl_version_used(const struct sl_findings *findings,
                                      int stage, int microbatch)
{
    if (!findings->used)
        return 1;
    return findings
        ->used[(size_t)stage * (size_t)findings->schedule->n_microbatches +
               (size_t)microbatch];
}

/* The staleness of UPDATE number `update` of a stage. */
static inline int32_t sl_staleness_of(const struct sl_findings *findings,
                                      int stage, int update)
{
    return findings->staleness[(size_t)stage * (size_t)findings->n_updates +
                               (size_t)update];
}

/* The most of any UPDATE. */
int32_t sl_max_staleness(const struct sl_findings *findings);

#endif
