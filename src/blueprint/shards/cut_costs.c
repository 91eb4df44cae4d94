/* Costs for placing S and T.  The thread that creates the pipeline. */
#include "blueprint/shards/cut_costs.h"

#include <math.h>

#include "base/memory.h"
#include "blueprint/measured/profile.h"
#include "nn/across/body.h"

enum { UNITS = 1 << 20 }; /* of the largest cost */

/* Forward, input and weight gradient of some layers. */
struct work {
    double forward;
    double input;
    double weight;
};

static struct work work_of(const sluice_layer_plan *plan)
{
    return (struct work){
        (double)plan->forward_row_flops,
        (double)plan->input_row_flops,
        (double)plan->weight_row_flops,
    };
}

static double sum_of(struct work work)
{
    return work.forward + work.input + work.weight;
}

static void add(struct work *to, struct work work, double factor)
{
    to->forward += factor * work.forward;
    to->input += factor * work.input;
    to->weight += factor * work.weight;
}

/* The layers before the head, and the head. */
static void count(const sluice_model *model, const struct sl_end_layer *end,
                  struct work *body, struct work *head)
{
    for (int i = 0; i < sluice_model_n_layers(model); i++)
        add(body, work_of(sluice_model_layer_plan(model, i)), 1);
    *head = work_of(end->plan);
    add(body, *head, -1);
}

/* A measured time is that of all three. */
static struct work even(double ns)
{
    return (struct work){ns / 3, ns / 3, ns / 3};
}

/* The same in measured times; of a sequence the head has its share of the
 * operations. */
static sluice_status measure(const sluice_pipeline_config *config,
                             const sluice_model *model,
                             const struct sl_end_layer *end,
                             const struct sl_grid *grid, struct work *body,
                             struct work *head, sluice_diag *why)
{
    size_t n = (size_t)sluice_model_n_layers(model);
    double last = sum_of(work_of(sluice_model_layer_plan(model, end->layer)));
    double share = last > 0 ? sum_of(*head) / last : 1, all = 0;
    struct sl_products_choice products;
    sluice_status st = sl_products_choose(config, grid, &products, why);
    double *ns = st ? NULL : sl_alloc(config->allocator, n, sizeof *ns);
    if (!ns)
        return st ? st : sl_no_memory(why, "the costs of the layers");
    st = sl_profile_model(model, &products, config->device_cap_bytes,
                          config->allocator, ns, why);
    for (size_t i = 0; i < n && !st; i++)
        all += ns[i];
    if (!st) {
        *head = even(ns[end->layer] * share);
        *body = even(all - sum_of(*head));
    }
    sl_free(config->allocator, ns, n, sizeof *ns);
    return st;
}

static void set_costs(struct work body, struct work head, double stages,
                      double devices, int64_t *costs_ns)
{
    const double costs[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = body.forward / stages,
        [SLUICE_I] = body.input / stages,
        [SLUICE_W] = body.weight / stages,
        [SLUICE_R] = body.forward / stages,
        [SLUICE_S] = (head.forward + head.input) / devices,
        [SLUICE_T] = head.weight / devices,
    };
    double most = 0;
    for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++)
        most = fmax(most, costs[kind]);
    for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++)
        costs_ns[kind] = llround(costs[kind] / most * UNITS);
    /* Rounded apart, B would be longer or shorter than its halves by chance. */
    costs_ns[SLUICE_B] = costs_ns[SLUICE_I] + costs_ns[SLUICE_W];
}

sluice_status sl_cut_costs(const sluice_pipeline_config *config,
                           const sluice_model *model,
                           const struct sl_grid *grid, int n_stages,
                           int64_t *costs_ns, sluice_diag *why)
{
    const struct sl_end_layer end = sl_model_last_end(model);
    struct work body = {0}, head = {0};
    sluice_status st = SLUICE_OK;
    for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++)
        costs_ns[kind] = 0;
    if (!end.ops->part)
        return SLUICE_OK;
    count(model, &end, &body, &head);
    if (config->cut == SLUICE_CUT_TIME)
        st = measure(config, model, &end, grid, &body, &head, why);
    if (!st && sum_of(body) > 0 && sum_of(head) > 0)
        set_costs(body, head, n_stages, grid->n_devices, costs_ns);
    return st;
}
