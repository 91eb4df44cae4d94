/* What each action costs at least.  Any thread. */
#include "bench/roofline/step_costs.h"

#include <stdbool.h>
#include <stdlib.h>

#include <sluice/partition.h>

#include "bench/order/schedule_costs.h"
#include "bench/roofline/vocabulary_costs.h"

/* What the costs are made from. */
struct step_subject {
    const sluice_model *model;
    const struct step_rates *rates;
    bool cuts_vocabulary;
};

/* The costs of layer l in its stage. */
static void cost_layer(const struct step_subject *step, int l, double costs[])
{
    const struct step_rates *rates = step->rates;
    const sluice_layer_plan *plan = sluice_model_layer_plan(step->model, l);
    const struct product_time *product = &rates->products->layers[l];
    struct element_bytes bytes = element_bytes_of(plan);
    double row_ns = (double)rates->rows / rates->bandwidth;
    double f = product->together_ns[PRODUCT_FORWARD] + bytes.forward * row_ns;
    double i = product->together_ns[PRODUCT_INPUT] + bytes.input * row_ns;
    double w = product->together_ns[PRODUCT_WEIGHT] + bytes.weight * row_ns;
    costs[SLUICE_F] = costs[SLUICE_R] = f;
    costs[SLUICE_I] = i;
    costs[SLUICE_W] = w;
    costs[SLUICE_B] = i + w;
    costs[SLUICE_UPDATE] =
        update_bytes_of(plan, rates->n_states) / rates->bandwidth_update;
    if (step->cuts_vocabulary)
        vocabulary_take(step->model, l, rates, costs);
}

/* Where the slowest stage takes least in a step. */
static sluice_status cut(const struct step_subject *step, int parts, int *sizes,
                         sluice_diag *why)
{
    int n = sluice_model_n_layers(step->model);
    double *layers = calloc((size_t)n, sizeof *layers);
    if (!layers)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of layers");
    for (int i = 0; i < n; i++) {
        double costs[SLUICE_N_ACTION_KINDS] = {0};
        cost_layer(step, i, costs);
        layers[i] =
            step->rates->microbatches * (costs[SLUICE_F] + costs[SLUICE_B]) +
            costs[SLUICE_UPDATE];
    }
    sluice_status st =
        sluice_partition_minimax(layers, n, parts, NULL, sizes, why);
    free(layers);
    return st;
}

static bool is_first_of_device(const sluice_schedule *schedule, int stage)
{
    int device = sluice_schedule_stage_device(schedule, stage);
    for (int s = 0; s < stage; s++)
        if (sluice_schedule_stage_device(schedule, s) == device)
            return false;
    return true;
}

/* What a stage does for a head that is in no stage. */
static void add_vocabulary(const struct step_subject *step,
                           const sluice_schedule *schedule, int stage,
                           double costs[])
{
    int devices = sluice_schedule_n_devices(schedule);
    if (is_first_of_device(schedule, stage))
        vocabulary_add_part(step->model, devices, step->rates, costs);
    if (stage == sluice_schedule_n_stages(schedule) - 1)
        vocabulary_add_start(step->model, devices, step->rates, costs);
}

static void cost_stages(const struct step_subject *step,
                        const sluice_schedule *schedule, int parts,
                        const int *sizes, int64_t *costs_ns)
{
    int stages = sluice_schedule_n_stages(schedule);
    int layer = 0;
    for (int s = 0; s < parts; s++) {
        double costs[SLUICE_N_ACTION_KINDS] = {0};
        for (int i = 0; i < sizes[s]; i++, layer++) {
            double one[SLUICE_N_ACTION_KINDS] = {0};
            cost_layer(step, layer, one);
            for (int k = 0; k < SLUICE_N_ACTION_KINDS; k++)
                costs[k] += one[k];
        }
        if (step->cuts_vocabulary)
            add_vocabulary(step, schedule, s, costs);
        for (int copy = s; copy < stages; copy += parts)
            for (int k = 0; k < SLUICE_N_ACTION_KINDS; k++)
                costs_ns[copy * SLUICE_N_ACTION_KINDS + k] = (int64_t)costs[k];
    }
}

sluice_status step_costs(const sluice_model *model,
                         const sluice_schedule *schedule,
                         const struct step_rates *rates, int64_t *costs_ns,
                         sluice_diag *why)
{
    int sizes[SLUICE_MAX_STAGES];
    int parts =
        sluice_schedule_n_stages(schedule) / sluice_schedule_n_copies(schedule);
    const struct step_subject step = {
        .model = model,
        .rates = rates,
        .cuts_vocabulary = schedule_cuts_vocabulary(schedule),
    };
    if (step.cuts_vocabulary && !vocabulary_can_be_cut(model))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the schedule has S and T, but the last layer "
                               "of the model has no product to cut: end the "
                               "model with a head");
    sluice_status st = cut(&step, parts, sizes, why);
    if (!st)
        cost_stages(&step, schedule, parts, sizes, costs_ns);
    return st;
}
