/* Bytes that a step moves.  The thread that owns the pipeline. */
#include "bench/measure/traffic.h"

#include <sluice/shape.h>

double traffic_boundary_bytes(const sluice_pipeline *pipe,
                              const sluice_model *model, int64_t rows, int team)
{
    int n = sluice_schedule_n_devices(sluice_pipeline_schedule(pipe));
    double row_bytes = 0;
    for (int d = 1; d < n; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d * team, &info);
        if (!info.n_layers)
            continue; /* a file may have a device that does nothing */
        const sluice_layer_plan *plan =
            sluice_model_layer_plan(model, info.first_layer);
        row_bytes += (double)sluice_shape_elements(&plan->in) *
                     (double)sluice_element_bytes(plan->in_type);
    }
    return 2 * row_bytes * (double)rows;
}

double traffic_reduce_bytes(const sluice_pipeline *pipe, int replicas)
{
    double gradients = 0;
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        gradients += (double)info.planned.gradients;
    }
    return 2.0 * (replicas - 1) / replicas * gradients;
}

struct traffic_team traffic_team_bytes(const sluice_model *model, int64_t rows,
                                       int team)
{
    struct traffic_team bytes = {0};
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int k = 0; k < plan->n_products; k++) {
            const sluice_product_spec *product = &plan->products[k];
            int64_t n = product->rows_per_row ? product->rows_per_row : 1;
            double floats = (double)(rows * n) * (team - 1) * sizeof(float);
            double in = (double)product->in, out = (double)product->out;
            if (!plan->params[product->param].divided)
                continue;
            bytes.read_bytes += floats * (2 * in + out);
            bytes.megatron_bytes += 2 * floats * (in < out ? in : out);
        }
    }
    return bytes;
}
