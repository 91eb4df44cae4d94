/* Spreading memory over a team.  The thread that creates the pipeline. */
#include "blueprint/shards/spread.h"

int sl_spread_next(struct sl_spread *spread, size_t bytes)
{
    int to = 0;
    for (int i = 1; i < spread->n_shards; i++)
        if (spread->bytes[i] < spread->bytes[to])
            to = i;
    spread->bytes[to] += bytes;
    return to;
}
