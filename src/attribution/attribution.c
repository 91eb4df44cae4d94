/* The attribution of a whole trace.  Any thread; reads only. */
#include <sluice/attribution.h>

#include <math.h>

#include "attribution/advice.h"
#include "attribution/alternatives.h"
#include "attribution/idle.h"
#include "attribution/trace_index.h"

static const char *const names[SLUICE_N_IDLE_CAUSES] = {
    [SLUICE_IDLE_FILL] = "fill",
    [SLUICE_IDLE_DRAIN] = "drain",
    [SLUICE_IDLE_IMBALANCE] = "imbalance",
    [SLUICE_IDLE_BACK_PRESSURE] = "back-pressure",
    [SLUICE_IDLE_HAND_OFF] = "hand-off",
    [SLUICE_IDLE_UPDATE] = "update",
    [SLUICE_IDLE_COMMIT] = "commit",
    [SLUICE_IDLE_PREEMPTION] = "preemption",
    [SLUICE_IDLE_TEAM] = "team",
};

const char *sluice_idle_cause_name(sluice_idle_cause cause)
{
    return (unsigned)cause < SLUICE_N_IDLE_CAUSES ? names[cause] : "?";
}

static void add(sluice_idle *all, const sluice_idle *one)
{
    all->total_ns += one->total_ns;
    all->busy_ns += one->busy_ns;
    for (int c = 0; c < SLUICE_N_IDLE_CAUSES; c++)
        all->cause_ns[c] += one->cause_ns[c];
}

static double bubble_of(const sluice_trace *trace)
{
    sluice_time_share all;
    sluice_trace_account(trace, NULL, &all);
    return all.bubble;
}

/* The longest computing time of a device, its number, and the sum of all. */
static int64_t find_slowest(const struct sl_index *index, int *device,
                            int64_t *sum)
{
    int64_t slowest = -1;
    *sum = 0;
    for (int d = 0; d < index->trace->n_devices; d++) {
        int64_t ns = sl_computing_ns(index, d);
        *sum += ns;
        if (ns > slowest) {
            slowest = ns;
            *device = d;
        }
    }
    return slowest;
}

static sluice_status attribute(const struct sl_index *index,
                               const sluice_attribution_config *config,
                               struct sl_alternatives *alternatives,
                               sluice_idle *devices, sluice_attribution *out,
                               sluice_diag *why)
{
    const sluice_trace *trace = index->trace;
    int n_replicas = sl_n_replicas(trace);
    struct sl_observations found = {
        .n_replicas = n_replicas,
        .n_devices = trace->n_devices / n_replicas,
        .n_microbatches = index->n_microbatches / n_replicas,
        .step_ns = (double)(trace->end_ns - trace->start_ns),
    };
    int64_t sum;
    int64_t slowest = find_slowest(index, &found.slowest, &sum);
    double n = trace->n_devices;
    *out = (sluice_attribution){
        .n_microbatches = found.n_microbatches,
        .bubble = bubble_of(trace),
        .formula = sluice_bubble_formula(found.n_devices, found.n_microbatches),
        .predicted = config->predicted ? bubble_of(config->predicted) : NAN,
    };
    out->residual =
        out->bubble - (config->predicted ? out->predicted : out->formula);
    for (int d = 0; d < trace->n_devices; d++) {
        sluice_idle one;
        sl_attribute_device(index, d, config->cells_sleep, slowest, &one);
        add(&out->all, &one);
        sl_alternatives_hand_off(alternatives, d,
                                 one.cause_ns[SLUICE_IDLE_HAND_OFF]);
        found.fullest_ns = fmax(
            found.fullest_ns, (double)one.cause_ns[SLUICE_IDLE_BACK_PRESSURE]);
        found.preempted_ns = fmax(found.preempted_ns,
                                  (double)one.cause_ns[SLUICE_IDLE_PREEMPTION]);
        if (devices)
            devices[d] = one;
    }
    found.slowest_ns = (double)slowest;
    found.mean_ns = (double)sum / n;
    for (int c = 0; c < SLUICE_N_IDLE_CAUSES; c++)
        found.mean_cause_ns[c] = (double)out->all.cause_ns[c] / n;
    found.excess = out->bubble - out->formula;
    sluice_status st = sl_alternatives_price(alternatives, &found, why);
    if (!st)
        sl_advise(&found, &out->advice);
    return st;
}

sluice_status sluice_trace_attribute(const sluice_trace *trace,
                                     const sluice_attribution_config *config,
                                     sluice_idle *devices,
                                     sluice_attribution *out, sluice_diag *why)
{
    static const sluice_attribution_config defaults;
    struct sl_index index;
    if (!config)
        config = &defaults;
    sluice_status st = sl_index_init(&index, trace, config->allocator, why);
    if (st)
        return st;
    struct sl_alternatives alternatives;
    sluice_attribution found;
    st = sl_alternatives_init(&alternatives, &index, config->cells_sleep, why);
    if (!st) {
        st = attribute(&index, config, &alternatives, devices, &found, why);
        sl_alternatives_fini(&alternatives);
    }
    if (!st)
        *out = found;
    sl_index_fini(&index);
    return st;
}
