/*
 * What the bits of a training depend on besides the tensors, as texts: they are
 * saved, and compared when the training goes on.
 *
 * Threads: the one that owns the pipeline, between steps.
 */
#ifndef SL_CHECKPOINT_FACTS_H
#define SL_CHECKPOINT_FACTS_H

#include <sluice/checkpoint.h>

enum { SL_FACT_ROOM = 512 };

/* Whom the facts are about. */
struct sl_subject {
    const sluice_pipeline *pipe;
    const sluice_run *run; /* never NULL */
};

struct sl_fact {
    const char *key;  /* in the metadata */
    const char *what; /* in a sentence: "the number of micro-batches" */

    /* The text, in `room` or elsewhere; "": it is not known. */
    const char *(*tell)(const struct sl_subject *about,
                        char room[SL_FACT_ROOM]);

    /* Whether the bits depend on it here; NULL: always. */
    bool (*counts)(const struct sl_subject *about);
};

/* Fact number `i`; NULL behind the last. */
const struct sl_fact *sl_fact_at(int i);

enum { SL_N_FACTS = 22 };

#endif
