/*
 * ZB-H2 (Qi et al., 2023, section 2.2): twice ZB-H1's warm-up and delay.  With
 * equal costs no device waits between its first and its last action, but 2p - 1
 * activations live from F to W.  The start skew remains: to gain by it, the
 * next step has to start skewed, without a barrier at the update.
 */
#include "sched/generators/patterns/zero_bubble.h"

#include <math.h>

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int behind = config->devices - 1 - writer->device;
    sl_write_zero_bubble(writer, config, 2 * behind, 2 * writer->device);
}

/*
 * Between its first and last action device r idles (p - 1 - r)(tF + tI - 2 tW),
 * and it begins r tF after the first: the worst is the first or the last.  The
 * first gradient reaches device 0 at p tF + (p - 1) tI, and its 2 p - 1
 * forwards end (p - 1)(tI - tF) before that.
 */
static double idle(const sluice_schedule_config *config,
                   const sluice_device_costs *costs)
{
    if (config->microbatches < 2 * config->devices - 1)
        return NAN;
    double span = costs->forward + costs->input - 2 * costs->weight;
    double late = costs->input - costs->forward;
    return (config->devices - 1) * fmax(span, fmax(costs->forward, late));
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    (void)r;
    promise->activations =
        sl_least(config->microbatches, 2 * config->devices - 1);
}

const struct sl_generator sl_generator_zb_h2 = {
    .name = "zb-h2",
    .summary = "zb-h1 with twice the activations and no bubble but the start",
    .cell_actions = 3,
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write = write,
    .idle = idle,
    .promise = promise,
};
