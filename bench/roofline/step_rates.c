/* What a step moves.  Any thread. */
#include "bench/roofline/step_rates.h"

#include <stdbool.h>

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
    return update_bytes_of_n(bytes, n_states);
}

double update_bytes_of_n(double bytes, double n_states)
{
    return bytes * (3 + 2 * n_states);
}
