/*
 * A collective: what several members do together.  A member is known by its
 * rank, 0 to n_members - 1; whatever is added up is added in the order of the
 * ranks, so that the bits do not depend on who comes first.
 *
 *     sum     a reduce-scatter, then an all-gather, over an array that every
 *             member has; and a fence before it is written again
 *     add_up  a few numbers of each, of which all get the sums
 *     agree   the same, and the end of a step: all commit, or none does.  A
 *             member may vote before it waits, and work between the two
 *
 * What is added up is either one array of each member, or so many terms, each
 * of which one member has: a member may then have several, whose ranks are
 * theirs and not the member's.
 *
 * All members call the same functions in the same order.  A member that cannot
 * go on calls sl_collective_fail() instead, which ends the wait of all others;
 * so does sl_collective_close().  From then on every function returns
 * SLUICE_CLOSED, until the collective is opened again.
 *
 * Each member has a virtual time, and leaves a meeting at the latest time at
 * which one of the members came to it.
 *
 * Threads: each rank is used by one thread at a time; any thread may fail or
 * close.
 */
#ifndef SL_CHAN_COLLECTIVE_H
#define SL_CHAN_COLLECTIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "base/chunk.h"
#include "base/gate.h"
#include "chan/failure.h"

struct sl_collective;

/* What a member brings to one function. */
struct sl_share {
    float *x;                  /* x[n]; the same n for all members */
    int64_t n;                 /* 0 for a fence */
    const float *const *terms; /* [n_terms] of n elements each, NULL for those
                                  of others; x is one of them */
    int64_t *virtual_ns;
    void (*begin)(void *context); /* called once the others have come: what
                                     follows is no longer waiting, but work */
    void *context;
};

/*
 * A kind of collective.  The functions are those declared below.  The function
 * that creates one fills a struct sl_collective at the beginning of its own,
 * the failure by sl_failure_init(); destroy() ends that.
 */
struct sl_collective_ops {
    const char *name;
    sluice_status (*reduce_scatter)(struct sl_collective *collective, int rank,
                                    const struct sl_share *share);
    sluice_status (*all_gather)(struct sl_collective *collective, int rank,
                                const struct sl_share *share);
    sluice_status (*fence)(struct sl_collective *collective, int rank,
                           const struct sl_share *share);
    sluice_status (*add_up)(struct sl_collective *collective, int rank,
                            int64_t *virtual_ns, double *sums);
    sluice_status (*agree)(struct sl_collective *collective, int rank,
                           int64_t *virtual_ns, double *sums);
    bool (*vote)(struct sl_collective *collective, int rank,
                 int64_t virtual_ns); /* NULL: members vote as they agree */
    bool (*decided)(const struct sl_collective *collective, int rank);
    void (*fail)(struct sl_collective *collective, const sluice_diag *why);
    void (*close)(struct sl_collective *collective);
    void (*open)(struct sl_collective *collective);
    void (*settle)(struct sl_collective *collective); /* NULL: nothing is on its
                                                         way */
    void (*abandon)(struct sl_collective *collective);
    void (*destroy)(struct sl_collective *collective);
};

struct sl_collective {
    const struct sl_collective_ops *ops;    /* const after create */
    int n_members;                          /* const after create */
    _Alignas(64) struct sl_failure failure; /* as far as this process knows;
                                               read before each action */
};

struct sl_collective_config {
    int n_members;
    int n_terms; /* in a sum; 0: x of each member */
    int n_sums;  /* that members add up */
    struct sl_patience patience;
    void (*stop)(void *context); /* called at the first failure, before any
                                    other can be told; it takes no lock of this
                                    collective.  NULL: nothing else to stop */
    void *context;
    const sluice_allocator *allocator;
};

/*
 * Create a collective of members in this process.  It is closed.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM.
 */
sluice_status sl_collective_create(const struct sl_collective_config *config,
                                   struct sl_collective **out);

/* No thread may be using it; NULL is allowed. */
static inline void sl_collective_destroy(struct sl_collective *collective)
{
    if (collective)
        collective->ops->destroy(collective);
}

/* As sl_gate_abandon(), of whatever the members wait at. */
static inline void sl_collective_abandon(struct sl_collective *collective)
{
    collective->ops->abandon(collective);
}

/*
 * Replace this member's own chunk of x by the sum over all members, or over all
 * terms, element by element.  The rest of x is left alone.
 *
 * Blocks   until all members have come; sl_collective_fail() and _close() wake
 *          it.
 * Returns  SLUICE_OK, or SLUICE_CLOSED.
 */
static inline sluice_status
sl_collective_reduce_scatter(struct sl_collective *collective, int rank,
                             const struct sl_share *share)
{
    return collective->ops->reduce_scatter(collective, rank, share);
}

/*
 * Replace each other member's chunk of x by what is in that member's own x.
 *
 * Others may still read this member's chunk when it returns: only after a
 * fence, or after all have agreed, may x be written again.
 *
 * Blocks, Returns  as sl_collective_reduce_scatter().
 */
static inline sluice_status
sl_collective_all_gather(struct sl_collective *collective, int rank,
                         const struct sl_share *share)
{
    return collective->ops->all_gather(collective, rank, share);
}

/*
 * Wait until no other member reads this one's x any more.
 *
 * Blocks, Returns  as sl_collective_reduce_scatter().
 */
static inline sluice_status
sl_collective_fence(struct sl_collective *collective, int rank,
                    const struct sl_share *share)
{
    return collective->ops->fence(collective, rank, share);
}

/*
 * Give n_sums terms and get, in the same array, their sums over all members.
 * Terms that only one member has, such as one for each parameter of the model
 * at its index there, come back to all as they were, zeros of the others added:
 * each member that adds up the array gets the same bits for every cut.
 *
 * Shapes   sums[n_sums].
 * Blocks, Returns  as sl_collective_reduce_scatter().
 */
static inline sluice_status
sl_collective_add_up(struct sl_collective *collective, int rank,
                     int64_t *virtual_ns, double *sums)
{
    return collective->ops->add_up(collective, rank, virtual_ns, sums);
}

/*
 * Say that this member can commit, and wait for the others to say so.  They add
 * up as in sl_collective_add_up(), unless all give NULL.
 *
 * Shapes   sums[n_sums], or NULL.
 * Blocks   until all members have come; sl_collective_fail() and _close() wake
 *          it.
 * Returns  SLUICE_OK: all members have committed, and nothing can fail until
 *          the collective is opened again; or SLUICE_CLOSED: none commits.
 */
static inline sluice_status
sl_collective_agree(struct sl_collective *collective, int rank,
                    int64_t *virtual_ns, double *sums)
{
    return collective->ops->agree(collective, rank, virtual_ns, sums);
}

/*
 * Say that this member can commit, and go on: sl_collective_agree(), with
 * `sums` NULL, must be its next meeting, and only waits then.  What the member
 * does in between must be undone if that returns SLUICE_CLOSED.
 *
 * Returns  whether it has voted; a kind of collective without votes leaves all
 *          to sl_collective_agree().
 */
static inline bool sl_collective_vote(struct sl_collective *collective,
                                      int rank, int64_t virtual_ns)
{
    return collective->ops->vote &&
           collective->ops->vote(collective, rank, virtual_ns);
}

/* Whether the wait of a member that has voted would end at once. */
static inline bool sl_collective_decided(const struct sl_collective *collective,
                                         int rank)
{
    return collective->ops->decided(collective, rank);
}

/*
 * Say why this member cannot commit.  The first failure counts; one after all
 * have committed, or while the collective is not open, does not.
 *
 * Threads  any.
 */
static inline void sl_collective_fail(struct sl_collective *collective,
                                      const sluice_diag *why)
{
    collective->ops->fail(collective, why);
}

/* Whether it has failed or was closed.  Any thread. */
static inline bool sl_collective_stopped(const struct sl_collective *collective)
{
    return sl_failure_stopped(&collective->failure);
}

/* Refuse all further meetings and wake who waits.  Any thread. */
static inline void sl_collective_close(struct sl_collective *collective)
{
    collective->ops->close(collective);
}

/*
 * Begin anew: no meeting has taken place, and failures count from here on.
 *
 * Threads  any, while no member uses it.
 */
static inline void sl_collective_open(struct sl_collective *collective)
{
    collective->ops->open(collective);
}

/* As sl_link_settle(). */
static inline void sl_collective_settle(struct sl_collective *collective)
{
    if (collective->ops->settle)
        collective->ops->settle(collective);
}

/*
 * The members are done: no failure counts from here on.
 *
 * Threads  any, while no member uses it.
 * Returns  SLUICE_OK, or the first failure, copied to `why`.
 */
static inline sluice_status
sl_collective_conclude(struct sl_collective *collective, sluice_diag *why)
{
    return sl_failure_shut(&collective->failure, why);
}

#endif
