/* Skip connections on a clock.  One thread. */
#include "sim/clock_skips.h"

#include "base/memory.h"
#include "sim/clock_queue.h"

static size_t n_microbatches(const struct sl_skips_config *config)
{
    return (size_t)sluice_schedule_n_microbatches(config->schedule);
}

static size_t n_times(const struct sl_skips *skips)
{
    return 4 * (size_t)skips->config.n * n_microbatches(&skips->config);
}

sluice_status sl_skips_init(struct sl_skips *skips,
                            const struct sl_skips_config *config)
{
    size_t m = n_microbatches(config), n = 2 * (size_t)config->n;
    *skips = (struct sl_skips){.config = *config};
    if (n == 0)
        return SLUICE_OK;
    skips->ways = sl_alloc(config->allocator, n, sizeof *skips->ways);
    skips->times =
        sl_alloc(config->allocator, n_times(skips), sizeof *skips->times);
    if (!skips->ways || !skips->times)
        return SLUICE_NO_MEMORY;
    for (size_t i = 0; i < n_times(skips); i++)
        skips->times[i] = NEVER;
    for (size_t i = 0; i < n; i++) {
        skips->ways[i].sent_ns = skips->times + 2 * i * m;
        skips->ways[i].taken_ns = skips->times + (2 * i + 1) * m;
    }
    return SLUICE_OK;
}

void sl_skips_fini(struct sl_skips *skips)
{
    const sluice_allocator *allocator = skips->config.allocator;
    sl_free(allocator, skips->times, n_times(skips), sizeof *skips->times);
    sl_free(allocator, skips->ways, 2 * (size_t)skips->config.n,
            sizeof *skips->ways);
}

static bool is_between_devices(const struct sl_skips *skips,
                               const sluice_schedule_edge *edge)
{
    const sluice_schedule *schedule = skips->config.schedule;
    return sluice_schedule_stage_device(schedule, edge->from) !=
           sluice_schedule_stage_device(schedule, edge->to);
}

/* The way from which an action takes, or to which it gives, of an edge; NULL:
 * none. */
static struct sl_skip_way *way_of(const struct sl_skips *skips, int edge,
                                  sluice_action action, bool takes)
{
    const sluice_schedule_edge *e = &skips->config.edges[edge];
    bool forward = action.kind == SLUICE_F;
    if (!is_between_devices(skips, e) || (!forward && !is_backward(action)) ||
        action.stage != (forward == takes ? e->to : e->from))
        return NULL;
    return &skips->ways[2 * edge + !forward];
}

static int64_t latency_of(const struct sl_skips *skips, int edge)
{
    const struct sl_skips_config *config = &skips->config;
    return config->edge_latency_ns ? config->edge_latency_ns[edge]
                                   : config->latency_ns;
}

bool sl_skips_await(const struct sl_skips *skips, sluice_action action,
                    int64_t *start)
{
    for (int e = 0; e < skips->config.n; e++) {
        const struct sl_skip_way *way = way_of(skips, e, action, true);
        if (!way)
            continue;
        int64_t sent = way->sent_ns[action.microbatch];
        if (sent == NEVER)
            return false;
        *start = later(*start, sent + latency_of(skips, e));
    }
    return true;
}

bool sl_skips_take(struct sl_skips *skips, sluice_action action, int64_t now)
{
    bool took = false;
    for (int e = 0; e < skips->config.n; e++) {
        struct sl_skip_way *way = way_of(skips, e, action, true);
        if (!way)
            continue;
        way->taken_ns[way->taken++] = now;
        took = true;
    }
    return took;
}

bool sl_skips_give(struct sl_skips *skips, sluice_action action, int *edge,
                   int64_t *given)
{
    for (; *edge < skips->config.n; ++*edge) {
        struct sl_skip_way *way = way_of(skips, *edge, action, false);
        if (!way)
            continue;
        int before = way->sent - skips->config.edges[*edge].capacity;
        if (before >= way->taken)
            return false;
        if (before >= 0)
            *given = later(*given, way->taken_ns[before]);
        way->sent_ns[action.microbatch] = *given;
        way->sent++;
    }
    return true;
}
