/*
 * The streams of a cut vocabulary: what one place makes, item after item, and
 * other places read.
 *
 * - terms of place k: what its S computes for the loss; read by every T, and by
 *   the B or I of the last stage
 * - gradients of place k: what its S computes for the input gradient; read by
 *   the B or I of the last stage
 * - found of place k: its rows of the table for the tokens of a micro-batch,
 *   each at the place of its token; read by the F and R of the first stage
 * - outputs: x, from the F of the last stage; read by every S and T
 * - row gradients: dy, from the first stage; read by every S
 *
 * Within a process a stream is read where it lies.  A place in another process
 * has a copy: a ring of as many slots.  Nothing is found where the first stage
 * is in the same process, as it then reads the table itself.  All rows are
 * found when a job begins, so that they are still there for an R.
 *
 * As a cut vocabulary of several processes has no teams, a place has one part,
 * of the same number.
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
