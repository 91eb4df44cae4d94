/*
 * A board: what a collective is whose members do not meet.  Each member posts
 * items, numbered from 0 in each job; any member waits until an item of another
 * one is posted and then reads it in place.  So a member that has posted goes
 * on at once, and who reads waits for the latest.
 *
 * The items lie in the memory of who posts them.  Until when they are read, and
 * so when they may be overwritten, follows from the order of actions: see
 * blueprint/shards/cut_head.h.
 *
 * Each member has a virtual time.  An item is ready at the poster's time;
 * waiting moves the reader's time on to that.
 *
 * Threads: each member is used by one thread at a time; any thread may close.
 */
#ifndef SL_CHAN_BULLETIN_H
#define SL_CHAN_BULLETIN_H

#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "base/gate.h"

struct sl_bulletin;

struct sl_bulletin_config {
    int n_members;
    int n_items; /* that a member posts in a job, at most */
    struct sl_patience patience;
    const sluice_allocator *allocator;
};

/*
 * Create an open board.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM.
 */
sluice_status sl_bulletin_create(const struct sl_bulletin_config *config,
                                 struct sl_bulletin **out);

/* No thread may be using it; NULL is allowed. */
void sl_bulletin_destroy(struct sl_bulletin *board);

/* Say that item `number` of member `rank` can be read.  A member posts its
 * items in order. */
void sl_bulletin_post(struct sl_bulletin *board, int rank, int32_t number,
                      int64_t virtual_ns);

/*
 * Wait, as member `rank`, until item `number` of member `poster` is posted.
 *
 * Blocks   until then; closing the board wakes it.
 * Returns  SLUICE_OK, or SLUICE_CLOSED if closed before or during the wait.
 */
sluice_status sl_bulletin_await(struct sl_bulletin *board, int rank, int poster,
                                int32_t number, int64_t *virtual_ns);

/* Items that a member has posted in this job.  Any thread. */
int sl_bulletin_n_posted(const struct sl_bulletin *board, int rank);

/* Refuse all further waits and wake who waits.  Any thread. */
void sl_bulletin_close(struct sl_bulletin *board);

/* Make the board open, nothing being posted.  Any thread, while no member uses
 * it. */
void sl_bulletin_open(struct sl_bulletin *board);

/* As sl_gate_abandon(), of all gates. */
void sl_bulletin_abandon(struct sl_bulletin *board);

#endif
