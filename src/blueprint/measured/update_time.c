/* Measuring an update.  The thread that creates the pipeline. */
#include "blueprint/measured/update_time.h"

#include "base/clock.h"
#include "base/memory.h"

enum {
    REPETITIONS = 5,
    MOST_ELEMENTS = 1 << 22, /* more than caches hold, with its arrays */
};

/* A parameter of the model. */
struct subject {
    int layer;
    int param;
    int tensor;
    int64_t n; /* 0: there is none */
};

/* The largest that is no larger than is needed. */
static struct subject choose(const sluice_model *model)
{
    struct subject best = {0};
    int tensor = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++, tensor++) {
            int64_t n = sluice_shape_elements(&plan->params[p].shape);
            if (!plan->params[p].statistic && n > best.n && n <= MOST_ELEMENTS)
                best = (struct subject){i, p, tensor, n};
        }
    }
    return best;
}

static void fill(float *values, int64_t n, float value)
{
    for (int64_t i = 0; i < n; i++)
        values[i] = value;
}

/* The least of a few updates, in ns for an element.  arrays[2 + n_states][n]
 * are weight, gradient and states. */
static double time_update(const sluice_pipeline_config *config,
                          const sluice_model *model,
                          const struct subject *about, float *arrays,
                          int n_states)
{
    const sluice_param_spec *spec =
        &sluice_model_layer_plan(model, about->layer)->params[about->param];
    sluice_optimizer_call call = {
        .config = config->optimizer_config,
        .n = about->n,
        .w = arrays,
        .g = arrays + about->n,
        .name = spec->name,
        .shape = &spec->shape,
        .layer = about->layer,
        .param = about->param,
        .tensor = about->tensor,
        .total = 1,
    };
    for (int s = 0; s < n_states; s++)
        call.state[s] = arrays + (2 + s) * about->n;
    double least = 0;
    for (int i = 0; i < REPETITIONS; i++) {
        call.step = (uint64_t)i;
        int64_t start = sl_now_ns();
        config->optimizer->apply(&call);
        double ns = (double)(sl_now_ns() - start) / (double)about->n;
        least = i == 0 || ns < least ? ns : least;
    }
    return least;
}

/* Elements of the layer that the stage's device updates for it. */
static double updated(const struct sl_layout_input *input, int layer)
{
    const sluice_layer_plan *plan =
        sluice_model_layer_plan(input->model, layer);
    double n = 0;
    for (int p = 0; p < plan->n_params; p++)
        if (!plan->params[p].statistic &&
            !(layer == 0 && p == input->elsewhere))
            n += (double)sluice_shape_elements(&plan->params[p].shape);
    bool shared = input->updates->zero >= SL_ZERO_STATES;
    return shared ? n / sl_n_holders(&input->grid) : n;
}

sluice_status sl_update_time_add(const sluice_pipeline_config *config,
                                 const struct sl_layout_input *input,
                                 size_t cap_bytes, double *costs_ns,
                                 sluice_diag *why)
{
    struct subject about = choose(input->model);
    size_t n_floats = (size_t)(2 + input->n_states) * (size_t)about.n;
    if (!about.n || (cap_bytes && n_floats * sizeof(float) > cap_bytes))
        return SLUICE_OK;
    float *arrays = sl_alloc(input->allocator, n_floats, sizeof *arrays);
    if (!arrays)
        return sl_no_memory(why, "arrays to measure an update");
    fill(arrays, (int64_t)n_floats, 0);
    fill(arrays, 2 * about.n, 1.0f / 64);
    double ns =
        time_update(config, input->model, &about, arrays, input->n_states);
    sl_free(input->allocator, arrays, n_floats, sizeof *arrays);
    double updates = (double)input->updates->n_updates /
                     sluice_schedule_n_microbatches(input->schedule);
    for (int i = 0; i < sluice_model_n_layers(input->model); i++)
        costs_ns[i] += ns * updates * updated(input, i);
    return SLUICE_OK;
}
