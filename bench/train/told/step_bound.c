/* The step beside its bound.  The main thread. */
#include "bench/train/told/step_bound.h"

#include <math.h>

#include "bench/roofline/bound.h"

enum { STEPS = 5 }; /* of products */

sluice_status step_bound_check(const struct training_config *config,
                               sluice_diag *why)
{
    if (config->roofline && config->joined.world)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--roofline measures the cores of one process: "
                               "give it without mpirun");
    return SLUICE_OK;
}

struct step_bound step_bound_find(const struct training_config *config,
                                  const sluice_model *model,
                                  const sluice_pipeline_config *made,
                                  const sluice_pipeline *pipe,
                                  const struct time_sum *time)
{
    struct step_bound found = {NAN, NAN};
    if (!config->roofline)
        return found;
    const sluice_schedule *schedule = sluice_pipeline_schedule(pipe);
    struct order_options order = config->order;
    order.capacity = made->queue_capacity;
    const struct bound_config bound = {
        .model = model,
        .order = &order,
        .schedule = schedule,
        .trains = made,
        .devices = sluice_schedule_n_devices(schedule),
        .replicas = made->replicas,
        .team = made->team,
        .zero = made->zero,
        .microbatches = sluice_schedule_n_microbatches(schedule),
        .batch = made->batch,
        .steps = STEPS,
    };
    found.bound_ns = bound_step_ns(&bound);
    if (time->n_steps > 0)
        found.step_ns = (double)time->step_ns / time->n_steps;
    return found;
}

void step_bound_tell(const struct step_bound *bound, FILE *out)
{
    if (isnan(bound->step_ns) || isnan(bound->bound_ns))
        return;
    fprintf(out,
            "\nA step of the last epoch took %.3f ms; this machine needs at "
            "least %.3f: %.0f %%\n",
            bound->step_ns / 1e6, bound->bound_ns / 1e6,
            100 * bound->bound_ns / bound->step_ns);
}
