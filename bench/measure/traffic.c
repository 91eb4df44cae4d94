/* Bytes that a step moves.  The thread that owns the pipeline. */
#include "bench/measure/traffic.h"

#include <stdbool.h>

#include <sluice/shape.h>

/* Of a row that enters the layers of a device. */
static double input_row_bytes(const sluice_pipeline *pipe,
                              const sluice_model *model, int device)
{
    sluice_device_info info;
    sluice_pipeline_device(pipe, device, &info);
    if (!info.n_layers)
        return 0; /* a file may have a device that does nothing */
    const sluice_layer_plan *plan =
        sluice_model_layer_plan(model, info.first_layer);
    return (double)sluice_shape_elements(&plan->in) *
           (double)sluice_element_bytes(plan->in_type);
}

double traffic_boundary_bytes(const sluice_pipeline *pipe,
                              const sluice_model *model, int64_t rows, int team)
{
    int n = sluice_schedule_n_devices(sluice_pipeline_schedule(pipe));
    double row_bytes = 0;
    for (int d = 1; d < n; d++)
        row_bytes += input_row_bytes(pipe, model, d * team);
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

/* Pairs of replicas whose devices of a place are in different processes. */
static int far_pairs(int place, int places, int replicas, int processes)
{
    int pairs = 0, n = places * replicas;
    for (int a = 0; a < replicas; a++)
        for (int b = 0; b < a; b++)
            pairs += (a * places + place) * processes / n !=
                     (b * places + place) * processes / n;
    return pairs;
}

double traffic_sent_bytes(const sluice_pipeline *pipe,
                          const sluice_model *model, int64_t rows, int replicas,
                          int team, int processes)
{
    int n = sluice_pipeline_n_devices(pipe) / team, places = n / replicas;
    double bytes = 0;
    for (int d = 0; d < n; d++) {
        bool enters =
            d % places > 0 && d * processes / n != (d - 1) * processes / n;
        if (enters)
            bytes += 2 * input_row_bytes(pipe, model, d * team) * (double)rows /
                     replicas;
    }
    for (int d = 0; d < places * team; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        bytes += 4.0 * far_pairs(d / team, places, replicas, processes) *
                 (double)info.planned.gradients / replicas;
    }
    return bytes;
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
