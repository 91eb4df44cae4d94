/*
 * The table of collectives, as that of links (chan/link_kind.h): a collective
 * is made by the first kind that joins its members, by where these are.
 *
 * Threads: the caller of a pipeline.
 */
#ifndef SL_CHAN_COLLECTIVE_KIND_H
#define SL_CHAN_COLLECTIVE_KIND_H

#include <sluice/world.h>

#include "chan/collective.h"

/* A collective that is wanted, as any process sees it. */
struct sl_collective_site {
    sluice_world *world; /* NULL: there is one process */
    int rank;            /* this process */
    struct sl_collective_config collective;
    const int *processes; /* [n_members] where each is */
    const int *owners;    /* [n_terms] the member that has each term; NULL if
                             each member has one */
    bool adds_arrays;     /* they do more than add up numbers and agree */
};

struct sl_collective_kind {
    const char *name;
    /* Whether it joins such members: the same answer in all processes. */
    bool (*joins)(const struct sl_collective_site *site);
    /* As sl_collective_make(). */
    sluice_status (*create)(const struct sl_collective_site *site,
                            struct sl_collective **out, sluice_diag *why);
};

/* clang-format off */
#define SL_COLLECTIVE_KINDS(ROW) \
    ROW(sl_collective_local) \
    ROW(sl_collective_mpi) \
    /* the end: each row ends with a backslash */
/* clang-format on */

#define SL_DECLARE_COLLECTIVE_KIND(row)                                        \
    extern const struct sl_collective_kind row;
SL_COLLECTIVE_KINDS(SL_DECLARE_COLLECTIVE_KIND)

/* Row i of the table; NULL behind its end. */
const struct sl_collective_kind *sl_collective_kind_at(int i);

/* `st` of a creation, with its sentence. */
sluice_status sl_collective_refused(sluice_status st, sluice_diag *why);

/* Members that are in process `rank`. */
int sl_collective_n_near(const struct sl_collective_site *site);

/*
 * Create a collective.  All processes of the world call it, in the same order;
 * *out is NULL where no member is.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY; SLUICE_SYSTEM; SLUICE_INVALID if no
 *          kind joins such members, or MPI has too few tags.
 */
sluice_status sl_collective_make(const struct sl_collective_site *site,
                                 struct sl_collective **out, sluice_diag *why);

#endif
