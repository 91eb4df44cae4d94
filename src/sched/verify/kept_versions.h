/*
 * How many versions of its weights a stage keeps at once: where that is most,
 * from the oldest that is used after an UPDATE to the one that it makes.  A
 * stage's actions are told from the last to the first, in one thread.
 */
#ifndef SL_SCHED_VERIFY_KEPT_VERSIONS_H
#define SL_SCHED_VERIFY_KEPT_VERSIONS_H

#include <stdint.h>

struct sl_kept_versions {
    int32_t oldest; /* that is used so far */
    int most;
};

/* Before any action is told: the one version that there always is. */
static inline struct sl_kept_versions sl_kept_at_end(void)
{
    return (struct sl_kept_versions){.oldest = INT32_MAX, .most = 1};
}

/* An action uses `version`. */
static inline void sl_kept_used(struct sl_kept_versions *kept, int32_t version)
{
    if (version < kept->oldest)
        kept->oldest = version;
}

/* An UPDATE makes `version`. */
static inline void sl_kept_made(struct sl_kept_versions *kept, int32_t version)
{
    if (kept->oldest <= version && version - kept->oldest + 1 > kept->most)
        kept->most = version - kept->oldest + 1;
}

#endif
