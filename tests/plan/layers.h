/* Problems for plans: layers with given costs and bytes. */
#ifndef SL_TEST_PLAN_LAYERS_H
#define SL_TEST_PLAN_LAYERS_H

#include <sluice/plan.h>

enum { MOST_LAYERS = 32, KINDS = SLUICE_N_ACTION_KINDS };

/* For one number of micro-batches. */
struct layered {
    int n;
    sluice_plan_layer layers[MOST_LAYERS];
    int64_t costs_ns[MOST_LAYERS][KINDS];
    sluice_plan_device devices[8];
    int microbatches;
    sluice_plan_config config; /* points into the rest */
};

/* Layer `i` takes f, i and w, and 10 bytes of each kind. */
static inline void layered_set(struct layered *l, int i, int64_t f, int64_t in,
                               int64_t w)
{
    l->layers[i] = (sluice_plan_layer){10, 10, 10, 0};
    l->costs_ns[i][SLUICE_F] = l->costs_ns[i][SLUICE_R] = f;
    l->costs_ns[i][SLUICE_I] = in;
    l->costs_ns[i][SLUICE_W] = w;
    l->costs_ns[i][SLUICE_B] = in + w;
}

/* Equal layers, each of which takes 1000 ns for F, I and W. */
static inline void layered_init(struct layered *l, int n, int n_devices,
                                int microbatches)
{
    *l = (struct layered){.n = n, .microbatches = microbatches};
    for (int i = 0; i < n; i++)
        layered_set(l, i, 1000, 1000, 1000);
    l->config = (sluice_plan_config){
        .devices = l->devices,
        .n_devices = n_devices,
        .batch = microbatches,
        .layers = l->layers,
        .n_layers = n,
        .microbatches = &l->microbatches,
        .n_microbatches = 1,
        .costs_ns = l->costs_ns[0],
    };
}

#endif
