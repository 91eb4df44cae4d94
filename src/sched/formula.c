/* Closed forms; those of one schedule alone stand in its file. */
#include <sluice/schedule_formula.h>

#include <math.h>

#include "sched/generators/generator.h"

double sluice_bubble_formula(int devices, int microbatches)
{
    if (devices < 1 || microbatches < 1)
        return NAN;
    double idle = (double)devices - 1;
    return idle / ((double)microbatches + idle);
}

double sl_idle_of_flush(const sluice_schedule_config *config,
                        const sluice_device_costs *costs)
{
    double all = costs->forward + costs->input + costs->weight;
    return (config->devices - 1) * all;
}

double sl_idle_of_chunks(const sluice_schedule_config *config,
                         const sluice_device_costs *costs)
{
    return sl_idle_of_flush(config, costs) / config->chunks;
}

double sluice_schedule_idle(const sluice_schedule_config *config,
                            const sluice_device_costs *costs)
{
    const struct sl_generator *generator;
    sluice_schedule_config settled;
    if (sl_generator_find(config, &generator, &settled, NULL) ||
        !generator->idle)
        return NAN;
    return generator->idle(&settled, costs);
}
