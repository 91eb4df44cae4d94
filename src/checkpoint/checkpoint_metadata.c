/* The metadata of a checkpoint.  The thread that owns the pipeline. */
#include "checkpoint/checkpoint_metadata.h"

#include <sluice/version.h>

#include "pipeline/pipeline.h"

static struct sl_run_state state_of(const sluice_pipeline *pipe,
                                    const sluice_run *run)
{
    return (struct sl_run_state){
        .n_steps = pipe->n_steps,
        .learning_rate = pipe->learning_rate,
        .epoch = run->position.epoch,
        .rows_done = run->position.rows_done,
        .loss_sum = run->position.loss_sum,
        .correct = run->position.correct,
        .ignored = run->position.ignored,
        .was_tested = run->was_tested,
        .test_loss = run->test_loss,
        .test_accuracy = run->test_accuracy,
    };
}

void sl_checkpoint_take_state(sluice_run *run, const struct sl_run_state *state)
{
    run->position = (sluice_position){
        .epoch = (int)state->epoch,
        .rows_done = state->rows_done,
        .loss_sum = state->loss_sum,
        .correct = state->correct,
        .ignored = state->ignored,
    };
    run->was_tested = state->was_tested;
    run->test_loss = state->test_loss;
    run->test_accuracy = state->test_accuracy;
}

size_t sl_checkpoint_metadata_fill(struct sl_checkpoint_metadata *metadata,
                                   const struct sl_subject *about)
{
    struct sl_metadata_pair *pairs = metadata->pairs;
    struct sl_run_state state = state_of(about->pipe, about->run);
    size_t n = 0;
    pairs[n++] = (struct sl_metadata_pair){"sluice.format", "1"};
    pairs[n++] = (struct sl_metadata_pair){"sluice.kind", "checkpoint"};
    pairs[n++] = (struct sl_metadata_pair){"sluice.version", sluice_version()};
    sl_run_state_write(&state, pairs + n, metadata->numbers);
    n += SL_N_RUN_NUMBERS;
    for (int i = 0; i < SL_N_FACTS; i++) {
        const struct sl_fact *fact = sl_fact_at(i);
        const char *text = fact->tell(about, metadata->facts[i]);
        if (text[0])
            pairs[n++] = (struct sl_metadata_pair){fact->key, text};
    }
    return n;
}
