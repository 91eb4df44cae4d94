/*
 * Skip connections on a clock: F of a stage hands to F of a later one, and B or
 * I of that one back, see sluice/schedule_edge.h.  What is handed over arrives
 * the latency later; it has its place until it is taken.  Stages on one device
 * hand over by the order of their list alone.
 *
 * Threads: one.
 */
#ifndef SL_SIM_CLOCK_SKIPS_H
#define SL_SIM_CLOCK_SKIPS_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

struct sl_skips_config {
    const sluice_schedule *schedule;
    const sluice_schedule_edge *edges; /* [n] */
    int n;
    const int64_t *edge_latency_ns; /* [n]; NULL: latency_ns */
    int64_t latency_ns;
    const sluice_allocator *allocator;
};

/* One direction of an edge. */
struct sl_skip_way {
    int sent;
    int taken;
    int64_t *sent_ns;  /* [M] by micro-batch; -1: not yet */
    int64_t *taken_ns; /* [M] by number */
};

struct sl_skips {
    struct sl_skips_config config;
    struct sl_skip_way *ways; /* [2 * n]: forward and back of each edge */
    int64_t *times;           /* [2 * n][2][M] */
};

/* Returns SLUICE_OK, SLUICE_NO_MEMORY; sl_skips_fini() in both cases. */
sluice_status sl_skips_init(struct sl_skips *skips,
                            const struct sl_skips_config *config);
void sl_skips_fini(struct sl_skips *skips);

/* Move *start on to when all is there that `action` takes.  Returns false if
 * that is not known yet. */
bool sl_skips_await(const struct sl_skips *skips, sluice_action action,
                    int64_t *start);

/* It takes that at `now`.  Returns whether another may have waited for room. */
bool sl_skips_take(struct sl_skips *skips, sluice_action action, int64_t now);

/*
 * Hand over what `action` makes, edge by edge from number *edge on, which ends
 * as the next one; *given moves on to when there is room for each.  Returns
 * false if that is not known yet of the next one.
 */
bool sl_skips_give(struct sl_skips *skips, sluice_action action, int *edge,
                   int64_t *given);

#endif
