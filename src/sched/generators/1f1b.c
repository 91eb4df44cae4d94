/*
 * 1F1B with a flush (PipeDream-flush; Narayanan et al., 2021, section 2): as
 * many forwards as there are stages behind this one, then one forward and one
 * backward in turn, then the remaining backwards.  GPipe's bubble, but device r
 * of p holds min(m, p - r) activations only.
 */
#include "sched/generators/patterns/in_turn.h"

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    sl_write_in_turn(writer, config,
                     (struct sl_in_turn){
                         .warm_up = config->devices - 1 - writer->device,
                         .group = config->microbatches,
                     });
}

const struct sl_generator sl_generator_1f1b = {
    .name = "1f1b",
    .summary = "one forward, one backward in turn (PipeDream-flush)",
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write = write,
    .idle = sl_idle_of_flush,
    .promise = sl_promise_of_1f1b,
};
