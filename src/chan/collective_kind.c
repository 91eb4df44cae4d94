/* The table of collectives.  The caller of a pipeline. */
#include "chan/collective_kind.h"

#define ADDRESS(row) &row,
static const struct sl_collective_kind *const kinds[] = {
    SL_COLLECTIVE_KINDS(ADDRESS)};

enum { N_KINDS = (int)(sizeof kinds / sizeof *kinds) };

const struct sl_collective_kind *sl_collective_kind_at(int i)
{
    return i >= 0 && i < N_KINDS ? kinds[i] : NULL;
}

sluice_status sl_collective_refused(sluice_status st, sluice_diag *why)
{
    if (!st)
        return SLUICE_OK;
    return sluice_diag_set(
        why, st, "%s for the pipeline's collectives",
        st == SLUICE_NO_MEMORY ? "out of memory" : "the system refused a lock");
}

int sl_collective_n_near(const struct sl_collective_site *site)
{
    int n = 0;
    for (int m = 0; m < site->collective.n_members; m++)
        n += site->processes[m] == site->rank;
    return n;
}

sluice_status sl_collective_make(const struct sl_collective_site *site,
                                 struct sl_collective **out, sluice_diag *why)
{
    for (int i = 0; i < N_KINDS; i++)
        if (kinds[i]->joins(site))
            return kinds[i]->create(site, out, why);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "no kind of collective joins %d members in several "
                           "processes; give their devices to one process",
                           site->collective.n_members);
}
