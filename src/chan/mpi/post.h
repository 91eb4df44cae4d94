/*
 * The post: the messages of the control (chan/mpi/control.h), short and of one
 * size, sent to a process and received from any.
 *
 * Threads: one at a time; the control's lock sees to that.
 */
#ifndef SL_CHAN_MPI_POST_H
#define SL_CHAN_MPI_POST_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "chan/mpi/losses/lifeline.h"
#include "chan/mpi/wire.h"

enum sl_letter_kind {
    SL_VOTE, /* to process 0: these three */
    SL_FAIL,
    SL_DONE,
    SL_COMMIT, /* from it */
    SL_STOP,
    SL_MISS, /* why a process is missing; it may come behind STOP */
    SL_END,
    SL_LEAVE, /* from any to all: these two, of no epoch */
    SL_LOST,  /* a process has ended without leaving: which, and so the first */
};

/* What a world has given out: the same in all processes. */
struct sl_given_out {
    int n_tags;
    int n_couriers;
};

struct sl_letter {
    enum sl_letter_kind kind;
    uint32_t epoch;
    int from;
    int64_t virtual_ns;
    struct sl_given_out given; /* LEAVE: as far as this process knows */
    sluice_diag why;
};

struct sl_post;

/* Returns SLUICE_OK, SLUICE_NO_MEMORY. */
sluice_status sl_post_create(struct sl_wire *wire, struct sl_lifeline *lifeline,
                             const sluice_allocator *allocator,
                             struct sl_post **out);

void sl_post_destroy(struct sl_post *post);

/* Send a copy.  MPI takes short messages at once, so that this hardly ever
 * waits for one before it.  Once a process has ended it does not wait: then the
 * letter may be dropped. */
void sl_post_send(struct sl_post *post, int to, const struct sl_letter *letter);

/* Whether a letter has come: it is then the next one, in *letter.  One of which
 * keeps(context, letter) is true is kept until that is false. */
bool sl_post_receive(struct sl_post *post,
                     bool (*keeps)(void *context,
                                   const struct sl_letter *letter),
                     void *context, struct sl_letter *letter);

#endif
