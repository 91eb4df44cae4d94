/*
 * The streams of a cut vocabulary: what the device of one part makes, item
 * after item, and those of other parts read.
 *
 * - terms of part k: what its S computes for the loss; read by every T, and by
 *   the B or I of the last stage
 * - gradients of part k: what its S computes for the input gradient; read by
 *   the B or I of the last stage
 * - found of part k: its rows of the table for the tokens of a micro-batch,
 *   each at the place of its token; read by the F and R of the first stage
 * - outputs: x, from the F of the last stage; read by every S and T
 * - row gradients: dy, from the first stage; read by every S
 *
 * Within a process a stream is read where it lies.  A device in another process
 * has a copy: a ring of as many slots.  Nothing is found where the first stage
 * is in the same process, as it then reads the table itself.  All rows are
 * found when a job begins, so that they are still there for an R.
 *
 * Of a team each device has copies for its S and T.  What an action of the
 * whole team reads are those of its leader, which has the number of the stage's
 * first part.
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
    SL_CUT_FOUND, /* these three are of a part */
    SL_CUT_OUTPUTS,
    SL_CUT_ROW_GRADIENTS,
};

/* How many there are, and the number of one; `part` counts for those of a
 * part. */
int sl_cut_n_streams(const struct sl_cut_head *vocabulary);
int sl_cut_stream_number(const struct sl_cut_head *vocabulary,
                         enum sl_cut_stream kind, int part);

/* The part whose device makes stream number `i`, its ring there, and whether
 * the device of another part reads it. */
int sl_cut_stream_source(const struct sl_cut_head *vocabulary, int i);
const struct sl_ring *sl_cut_stream_ring(const struct sl_cut_head *vocabulary,
                                         int i);
bool sl_cut_stream_reaches(const struct sl_cut_head *vocabulary, int i,
                           int part);

/* The copy that the device of a part has of stream number `i`; NULL: it has
 * none. */
const struct sl_ring *sl_cut_stream_copy(const struct sl_cut_head *vocabulary,
                                         int part, int i);

/*
 * Settle which devices have copies.  With one process nothing is done.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY; sl_cut_streams_fini() in both cases.
 */
sluice_status sl_cut_streams_init(struct sl_cut_head *vocabulary,
                                  const struct sl_processes *processes,
                                  const struct sl_grid *grid);
void sl_cut_streams_fini(struct sl_cut_head *vocabulary);

/* Bytes of a device's copies, and of what it makes of `found`; and its places
 * in the arena for them. */
size_t sl_cut_streams_bytes(const struct sl_cut_head *vocabulary, int part);
void sl_cut_streams_bind(struct sl_cut_head *vocabulary, int part,
                         struct sl_arena *arena);

#endif
