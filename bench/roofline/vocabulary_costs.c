/* What a cut vocabulary costs at least.  Any thread. */
#include "bench/roofline/vocabulary_costs.h"

static const sluice_layer_plan *last_plan(const sluice_model *model)
{
    return sluice_model_layer_plan(model, sluice_model_n_layers(model) - 1);
}

bool vocabulary_can_be_cut(const sluice_model *model)
{
    return last_plan(model)->n_products > 0;
}

static const sluice_product_spec *product_of(const sluice_model *model)
{
    const sluice_layer_plan *plan = last_plan(model);
    return &plan->products[plan->n_products - 1];
}

static const sluice_param_spec *table_of(const sluice_model *model)
{
    return &last_plan(model)->params[product_of(model)->param];
}

/* By its table, as a head may list its product the other way round. */
static int64_t n_scores(const sluice_model *model)
{
    return table_of(model)->shape.dims[0];
}

static int64_t width(const sluice_model *model)
{
    return table_of(model)->shape.dims[1];
}

/* The first parameter of a layer that takes integers is an embedding's. */
static const sluice_param_spec *rows_of(const sluice_model *model)
{
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, 0);
    return plan->in_type == SLUICE_I32 && plan->n_params ? plan->params : NULL;
}

/* Whether head and embedding are one table. */
static bool shares_table(const sluice_model *model)
{
    const sluice_param_spec *table = table_of(model);
    return rows_of(model) && table->tied && table->first_layer == 0 &&
           table->first_param == 0;
}

static double vectors_per_row(const sluice_product_spec *product)
{
    return product->rows_per_row ? (double)product->rows_per_row : 1;
}

static double flops_of(const sluice_product_spec *product)
{
    return vectors_per_row(product) * (double)product->in *
           (double)product->out;
}

/* Of the time of the last layer's products. */
static double head_share(const sluice_model *model)
{
    const sluice_layer_plan *plan = last_plan(model);
    double all = 0;
    for (int i = 0; i < plan->n_products; i++)
        all += flops_of(&plan->products[i]);
    return flops_of(product_of(model)) / all;
}

static double update_ns(const sluice_param_spec *table,
                        const struct step_rates *rates)
{
    double bytes = (double)sluice_shape_elements(&table->shape) * sizeof(float);
    return update_bytes_of_n(bytes, rates->n_states) / rates->bandwidth_update;
}

/* Reading or writing an element of each of a micro-batch's vectors of `n`,
 * in ns. */
static double pass_ns(const struct step_rates *rates,
                      const sluice_product_spec *product, int64_t n)
{
    return (double)rates->rows * vectors_per_row(product) * (double)n *
           sizeof(float) / rates->bandwidth;
}

/* What lies before the head in the last layer is taken to work on its input as
 * an activation does. */
static void take_head(const sluice_model *model, const struct step_rates *rates,
                      double costs[])
{
    const sluice_layer_plan *plan = last_plan(model);
    const sluice_product_spec *product = product_of(model);
    const struct product_time *time =
        &rates->products->layers[sluice_model_n_layers(model) - 1];
    double rest = 1 - head_share(model);
    double x = plan->n_params > 1 ? pass_ns(rates, product, width(model)) : 0;
    double f = rest * time->together_ns[PRODUCT_FORWARD] + 2 * x;
    double i = rest * time->together_ns[PRODUCT_INPUT] + 3 * x;
    double w = rest * time->together_ns[PRODUCT_WEIGHT] + x;
    costs[SLUICE_F] = costs[SLUICE_R] = f;
    costs[SLUICE_I] = i;
    costs[SLUICE_W] = w;
    costs[SLUICE_B] = i + w;
    costs[SLUICE_UPDATE] -= update_ns(table_of(model), rates);
}

void vocabulary_take(const sluice_model *model, int i,
                     const struct step_rates *rates, double costs[])
{
    const sluice_param_spec *rows = rows_of(model);
    if (i == 0 && rows)
        costs[SLUICE_UPDATE] -= update_ns(rows, rates);
    if (i == sluice_model_n_layers(model) - 1)
        take_head(model, rates, costs);
}

/* S reads the scores and writes their probabilities, and copies rows of the
 * table; T writes the gradient in the place of the probabilities, and its
 * device adds the embedding's gradient to rows of its part. */
void vocabulary_add_part(const sluice_model *model, int devices,
                         const struct step_rates *rates, double costs[])
{
    const sluice_product_spec *product = product_of(model);
    const sluice_param_spec *rows = rows_of(model);
    const double *ns =
        rates->products->layers[sluice_model_n_layers(model) - 1].together_ns;
    double share = head_share(model);
    double y = pass_ns(rates, product, n_scores(model));
    double x = pass_ns(rates, product, width(model));
    double s = share * (ns[PRODUCT_FORWARD] + ns[PRODUCT_INPUT]) + 2 * (x + y);
    double t = share * ns[PRODUCT_WEIGHT] + 2 * y + (rows ? 3 * x : 0);
    double update = update_ns(table_of(model), rates);
    if (rows && !shares_table(model))
        update += update_ns(rows, rates);
    costs[SLUICE_S] += s / devices;
    costs[SLUICE_T] += t / devices;
    costs[SLUICE_UPDATE] += update / devices;
}

/* Two vectors of each part are read, their sum is written. */
void vocabulary_add_start(const sluice_model *model, int devices,
                          const struct step_rates *rates, double costs[])
{
    const sluice_product_spec *product = product_of(model);
    double ns = (2 * devices + 1) * pass_ns(rates, product, width(model));
    costs[SLUICE_I] += ns;
    costs[SLUICE_B] += ns;
}
