/*
 * The numbers of a training in the metadata of its checkpoint.
 *
 * Threads: any; no state.
 */
#ifndef SL_CHECKPOINT_RUN_STATE_H
#define SL_CHECKPOINT_RUN_STATE_H

#include <sluice/checkpoint.h>

#include "base/text/real_text.h"
#include "data/safetensors/metadata.h"
#include "data/safetensors/safetensors.h"

struct sl_run_state {
    uint64_t n_steps;
    double learning_rate;
    int64_t epoch; /* these as in sluice_position and sluice_run */
    int64_t rows_done;
    double loss_sum;
    int64_t correct;
    int64_t ignored;
    int64_t was_tested;
    double test_loss;
    double test_accuracy;
};

enum { SL_N_RUN_NUMBERS = 10 };

/* A value of one of them. */
struct sl_run_text {
    char text[SL_REAL_TEXT];
};

/* Write pairs[SL_N_RUN_NUMBERS], whose values are texts[SL_N_RUN_NUMBERS]. */
void sl_run_state_write(const struct sl_run_state *state,
                        struct sl_metadata_pair *pairs,
                        struct sl_run_text *texts);

/*
 * Read all of them.  `path` is for the sentence.  Files written before losses
 * ignored terms lack `ignored`, which is then 0.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT if one is missing or cannot be.
 */
sluice_status sl_run_state_read(struct sl_run_state *state,
                                const sluice_safetensors *file,
                                const char *path, sluice_diag *why);

#endif
