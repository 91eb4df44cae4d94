/* A kind of link that a test has added: it counts the links that it makes. */
#include <stdio.h>

#include "chan/link_kind.h"

static bool joins(const struct sl_link_site *site)
{
    return sl_link_local.joins(site) && site->link.capacity > 0;
}

static sluice_status create(const struct sl_link_site *site,
                            struct sl_link **out, sluice_diag *why)
{
    sluice_status st = sl_link_local.create(site, out, why);
    fprintf(stderr, "a counted link\n");
    return st;
}

const struct sl_link_kind sl_link_counted = {
    .name = "counted",
    .joins = joins,
    .create = create,
};
