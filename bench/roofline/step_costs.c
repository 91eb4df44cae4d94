/* What each action costs at least.  Any thread. */
#include "bench/roofline/step_costs.h"

#include <stdbool.h>
#include <stdlib.h>

#include <sluice/partition.h>

static double bytes_of(const sluice_shape *shape)
{
    return (double)sluice_shape_elements(shape) * sizeof(float);
}

static double largest(double a, double b)
{
    return a > b ? a : b;
}

struct element_bytes element_bytes_of(const sluice_layer_plan *plan)
{
    double x = bytes_of(&plan->in);
    double y = bytes_of(&plan->out);
    double saved = (double)plan->saved_row_bytes;
    if (plan->n_products == 0)
        return (struct element_bytes){
            .forward = x + y + saved,
            .input = (plan->needs_x ? x : 0) + (plan->needs_y ? y : 0) + y + x,
            .weight = plan->n_params ? (plan->needs_x ? x : 0) + y : 0,
        };
    bool has_bias = plan->n_params > plan->n_products;
    bool has_gradient = plan->needs_y || plan->saved_row_bytes;
    return (struct element_bytes){
        .forward = has_bias || has_gradient ? 2 * y + saved : 0,
        .input = has_gradient ? 3 * y : 0,
        .weight = has_bias ? y : 0,
    };
}

double element_bytes_most(const sluice_model *model)
{
    double most = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        struct element_bytes b =
            element_bytes_of(sluice_model_layer_plan(model, i));
        most = largest(most, largest(b.forward, largest(b.input, b.weight)));
    }
    return most;
}

double update_bytes_of(const sluice_layer_plan *plan, double n_states)
{
    double bytes = 0;
    for (int p = 0; p < plan->n_params; p++)
        bytes += bytes_of(&plan->params[p].shape);
    return bytes * (3 + 2 * n_states);
}

/* Add one layer to the costs of its stage. */
static void add_layer(const sluice_layer_plan *plan,
                      const struct product_time *product,
                      const struct step_rates *rates, double costs[])
{
    struct element_bytes bytes = element_bytes_of(plan);
    double row_ns = (double)rates->rows / rates->bandwidth;
    double f = product->together_ns[PRODUCT_FORWARD] + bytes.forward * row_ns;
    double i = product->together_ns[PRODUCT_INPUT] + bytes.input * row_ns;
    double w = product->together_ns[PRODUCT_WEIGHT] + bytes.weight * row_ns;
    costs[SLUICE_F] += f;
    costs[SLUICE_R] += f;
    costs[SLUICE_I] += i;
    costs[SLUICE_W] += w;
    costs[SLUICE_B] += i + w;
    costs[SLUICE_UPDATE] +=
        update_bytes_of(plan, rates->n_states) / rates->bandwidth_update;
}

/* Where the slowest stage takes least in a step. */
static sluice_status cut(const sluice_model *model,
                         const struct step_rates *rates, int parts, int *sizes,
                         sluice_diag *why)
{
    int n = sluice_model_n_layers(model);
    double *layers = calloc((size_t)n, sizeof *layers);
    if (!layers)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of layers");
    for (int i = 0; i < n; i++) {
        double costs[SLUICE_N_ACTION_KINDS] = {0};
        add_layer(sluice_model_layer_plan(model, i),
                  &rates->products->layers[i], rates, costs);
        layers[i] = rates->microbatches * (costs[SLUICE_F] + costs[SLUICE_B]) +
                    costs[SLUICE_UPDATE];
    }
    sluice_status st =
        sluice_partition_minimax(layers, n, parts, NULL, sizes, why);
    free(layers);
    return st;
}

sluice_status step_costs(const sluice_model *model,
                         const sluice_schedule *schedule,
                         const struct step_rates *rates, int64_t *costs_ns,
                         sluice_diag *why)
{
    int sizes[SLUICE_MAX_STAGES];
    int stages = sluice_schedule_n_stages(schedule);
    int parts = stages / sluice_schedule_n_copies(schedule);
    sluice_status st = cut(model, rates, parts, sizes, why);
    int layer = 0;
    for (int s = 0; s < parts && !st; s++) {
        double costs[SLUICE_N_ACTION_KINDS] = {0};
        for (int i = 0; i < sizes[s]; i++, layer++)
            add_layer(sluice_model_layer_plan(model, layer),
                      &rates->products->layers[layer], rates, costs);
        for (int copy = s; copy < stages; copy += parts)
            for (int k = 0; k < SLUICE_N_ACTION_KINDS; k++)
                costs_ns[copy * SLUICE_N_ACTION_KINDS + k] = (int64_t)costs[k];
    }
    return st;
}
