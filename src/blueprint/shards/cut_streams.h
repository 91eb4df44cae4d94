/*
 * The streams of a cut vocabulary: what one place makes, item after item, and
 * other places read.
 *
 *     terms k      what the S of place k gives for the loss          all T; B,
 * I gradients k  and for the input gradient                        B, I found k
 * the rows of place k for the tokens of a           F, R micro-batch, each
 * where its token stands outputs      x, which the last stage's F hands to all
 * all S, T row grads    dy, which the first stage hands to all            all S
 *
 * B and I are those of the last stage, F and R those of the first.  Within a
 * process a stream is read where it lies.  A place in another process has a
 * ring of as many slots, its copy.  Nothing of `found` is made where the first
 * stage is in the same process, which then reads the table itself; its items
 * are all made at the beginning, so that an R finds them again.
 *
 * Threads: as blueprint/shards/cut_head.h.
 */
#ifndef SL_BLUEPRINT_SHARDS_CUT_STREAMS_H
#define SL_BLUEPRINT_SHARDS_CUT_STREAMS_H

#include "blueprint/abroad/processes.h"
#include "blueprint/shards/cut_head.h"

enum sl_cut_stream {
    SL_CUT_TERMS,
    SL_CUT_GRADIENTS,
    SL_CUT_FOUND, /* these three are of a place */
    SL_CUT_OUTPUTS,
    SL_CUT_ROW_GRADIENTS,
};

/* How many there are, and the number of one; `place` counts for those of a
 * place. */
int sl_cut_n_streams(const struct sl_cut_head *vocabulary);
int sl_cut_stream_number(const struct sl_cut_head *vocabulary,
                         enum sl_cut_stream kind, int place);

/* The place that makes stream number `i`, its ring there, and whether another
 * place reads it. */
int sl_cut_stream_source(const struct sl_cut_head *vocabulary, int i);
const struct sl_ring *sl_cut_stream_ring(const struct sl_cut_head *vocabulary,
                                         int i);
bool sl_cut_stream_reaches(const struct sl_cut_head *vocabulary, int i,
                           int place);

/* The copy that a place has of stream number `i`; NULL: it has none. */
const struct sl_ring *sl_cut_stream_copy(const struct sl_cut_head *vocabulary,
                                         int place, int i);

/*
 * Settle which places have copies.  With one process nothing is done.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY; sl_cut_streams_fini() in both cases.
 */
sluice_status sl_cut_streams_init(struct sl_cut_head *vocabulary,
                                  const struct sl_processes *processes,
                                  const struct sl_grid *grid);
void sl_cut_streams_fini(struct sl_cut_head *vocabulary);

/* Bytes of a place's copies, and of what it makes of `found`; and its places in
 * the arena for them. */
size_t sl_cut_streams_bytes(const struct sl_cut_head *vocabulary, int place);
void sl_cut_streams_bind(struct sl_cut_head *vocabulary, int place,
                         struct sl_arena *arena);

#endif
