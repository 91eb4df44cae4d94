/* The rows of links and collectives within a process.  The caller of a
 * pipeline. */
#include "chan/local_kinds.h"

static bool joins_one_process(const struct sl_link_site *site)
{
    return site->producer == site->consumer;
}

static sluice_status create_link(const struct sl_link_site *site,
                                 struct sl_link **out, sluice_diag *why)
{
    *out = NULL;
    if (site->producer != site->rank)
        return SLUICE_OK;
    sluice_status st = sl_link_create(&site->link, out);
    return st ? sluice_diag_set(why, st, "%s for a link between devices",
                                st == SLUICE_NO_MEMORY
                                    ? "out of memory"
                                    : "the system refused a lock")
              : SLUICE_OK;
}

const struct sl_link_kind sl_link_local = {
    .name = "local",
    .joins = joins_one_process,
    .create = create_link,
};

static bool joins_members(const struct sl_collective_site *site)
{
    for (int m = 1; m < site->collective.n_members; m++)
        if (site->processes[m] != site->processes[0])
            return false;
    return true;
}

static sluice_status create_collective(const struct sl_collective_site *site,
                                       struct sl_collective **out,
                                       sluice_diag *why)
{
    *out = NULL;
    if (site->processes[0] != site->rank)
        return SLUICE_OK;
    return sl_collective_refused(sl_collective_create(&site->collective, out),
                                 why);
}

const struct sl_collective_kind sl_collective_local = {
    .name = "local",
    .joins = joins_members,
    .create = create_collective,
};
