/*
 * The table of links.  A link is made from where its two ends are: the first
 * kind that joins such ends makes it.  To add one, write its file, which
 * defines a struct sl_link_kind, and put the name of that here, before the
 * kinds that would also join the ends it is for.
 *
 * Threads: the caller of a pipeline.
 */
#ifndef SL_CHAN_LINK_KIND_H
#define SL_CHAN_LINK_KIND_H

#include <sluice/world.h>

#include "chan/link.h"

/* A link that is wanted, as any process sees it. */
struct sl_link_site {
    sluice_world *world; /* NULL: there is one process */
    int rank;            /* this process */
    int producer;        /* the process at each end */
    int consumer;
    struct sl_link_config link; /* slots: those at this end; only their number
                                   counts where there is none */
};

struct sl_link_kind {
    const char *name;
    /* Whether it joins such ends.  The answer must be the same in all
     * processes: it may not depend on `rank`. */
    bool (*joins)(const struct sl_link_site *site);
    /* As sl_link_make(). */
    sluice_status (*create)(const struct sl_link_site *site,
                            struct sl_link **out, sluice_diag *why);
};

/* clang-format off */
#define SL_LINK_KINDS(ROW) \
    ROW(sl_link_local) \
    ROW(sl_link_mpi) \
    /* the end: each row ends with a backslash */
/* clang-format on */

#define SL_DECLARE_LINK_KIND(row) extern const struct sl_link_kind row;
SL_LINK_KINDS(SL_DECLARE_LINK_KIND)

/* Row i of the table; NULL behind its end. */
const struct sl_link_kind *sl_link_kind_at(int i);

/*
 * Create a link, or this process's end of one.  All processes of the world call
 * it, in the same order; *out is NULL where neither end is.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY; SLUICE_SYSTEM; SLUICE_INVALID if no
 *          kind joins such ends, or between processes a slot is too long for a
 *          message, or MPI has too few tags.
 */
sluice_status sl_link_make(const struct sl_link_site *site,
                           struct sl_link **out, sluice_diag *why);

#endif
