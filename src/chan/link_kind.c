/* The table of links.  The caller of a pipeline. */
#include "chan/link_kind.h"

#define ADDRESS(row) &row,
static const struct sl_link_kind *const kinds[] = {SL_LINK_KINDS(ADDRESS)};

enum { N_KINDS = (int)(sizeof kinds / sizeof *kinds) };

const struct sl_link_kind *sl_link_kind_at(int i)
{
    return i >= 0 && i < N_KINDS ? kinds[i] : NULL;
}

sluice_status sl_link_make(const struct sl_link_site *site,
                           struct sl_link **out, sluice_diag *why)
{
    for (int i = 0; i < N_KINDS; i++)
        if (kinds[i]->joins(site))
            return kinds[i]->create(site, out, why);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "no kind of link joins process %d and process %d; "
                           "give both devices to one process",
                           site->producer, site->consumer);
}
