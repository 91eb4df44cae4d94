/*
 * ZB-V (Qi et al., 2023, section 6): two stages per device in a V, so that the
 * loss comes back to the device that starts.  With equal costs no device waits
 * between its first and its last action, and p activations, that is 2p of
 * half a device, live on every one, as on the first device of 1F1B.
 */
#include "sched/generators/generator.h"

#include <math.h>

/* A list being written as if there were `n` micro-batches; the actions of those
 * that there are not are dropped. */
struct filter {
    struct sl_writer *writer;
    int microbatches; /* that there are */
    int n;
    int stage[2];                       /* a, the way there; b, the way back */
    int next[2][SLUICE_N_ACTION_KINDS]; /* micro-batch of each kind */
};

enum { A, B };

static void put(struct filter *filter, sluice_action_kind kind, int chunk)
{
    int m = filter->next[chunk][kind]++;
    if (m < filter->microbatches)
        sl_write(filter->writer, kind, filter->stage[chunk], m);
}

static void put_backward(struct filter *filter, int chunk)
{
    put(filter, SLUICE_I, chunk);
    put(filter, SLUICE_W, chunk);
}

static bool more(const struct filter *filter, sluice_action_kind kind,
                 int chunk)
{
    return filter->next[chunk][kind] < filter->n;
}

/* Phases 1 to 3: until the first backwards of b are done. */
static void warm_up(struct filter *filter, int p, int r)
{
    for (int i = 0; i < 2 * (p - r) - 1; i++)
        put(filter, SLUICE_F, A);
    for (int i = 0; i < r; i++) {
        put(filter, SLUICE_F, B);
        put(filter, SLUICE_F, A);
    }
    for (int i = 0; i < p - r; i++) {
        put(filter, SLUICE_F, B);
        put_backward(filter, B);
    }
}

/* Phase 4. */
static void steady(struct filter *filter)
{
    while (more(filter, SLUICE_F, A) ||
           filter->next[B][SLUICE_F] < filter->next[A][SLUICE_F]) {
        if (more(filter, SLUICE_F, A))
            put(filter, SLUICE_F, A);
        put_backward(filter, A);
        put(filter, SLUICE_F, B);
        put_backward(filter, B);
    }
}

/* Phases 5 to 8. */
static void cool_down(struct filter *filter, int p, int r)
{
    for (int i = 0; i < r; i++) {
        put(filter, SLUICE_I, A);
        put(filter, SLUICE_I, B);
    }
    for (int i = 0; i < p - r; i++)
        put_backward(filter, A);
    while (more(filter, SLUICE_W, B))
        put(filter, SLUICE_W, B);
    while (more(filter, SLUICE_W, A))
        put(filter, SLUICE_W, A);
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int p = config->devices;
    int r = writer->device;
    int m = config->microbatches;
    struct filter filter = {
        .writer = writer,
        .microbatches = m,
        .n = m < 2 * p - 1 ? 2 * p - 1 : m,
        .stage = {r, 2 * p - 1 - r},
    };
    warm_up(&filter, p, r);
    steady(&filter);
    cool_down(&filter, p, r);
    sl_write_updates(writer);
}

/* Device r begins when half a forward has passed each one before it. */
static double idle(const sluice_schedule_config *config,
                   const sluice_device_costs *costs)
{
    bool equal =
        costs->forward == costs->input && costs->forward == costs->weight;
    return equal && config->microbatches >= 2 * config->devices - 1
               ? (config->devices - 1) * costs->forward / 2
               : NAN;
}

/* What is dropped of the 2K - 1 micro-batches may be what was live. */
static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    (void)r;
    promise->activations = 2 * sl_least(config->microbatches, config->devices);
    promise->at_most = config->microbatches < 2 * config->devices - 1;
}

const struct sl_generator sl_generator_zb_v = {
    .name = "zb-v",
    .summary = "two chunks per device in a V, no bubble but the start",
    .cell_actions = 3,
    .n_stages = sl_two_stages_each,
    .place = sl_in_a_v,
    .write = write,
    .idle = idle,
    .promise = promise,
};
