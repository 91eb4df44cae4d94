/* Which rows a process reads.  Any thread. */
#include "pipeline/abroad/reads.h"

#include <sluice/world.h>

#include "base/split.h"
#include "pipeline/abroad/abroad.h"
#include "pipeline/abroad/judges.h"
#include "pipeline/reshape/door.h"

/* Whether a replica has a first stage in this process; or, if an embedding is
 * cut, any rows of it. */
static bool has_input(const sluice_pipeline *pipe, int replica)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    bool has = false;
    bool cuts_rows =
        sl_abroad_cut_head(pipe) && sl_abroad_cut_head(pipe)->rows.ops;
    for (int i = 0; cuts_rows && i < pipe->n_local && !has; i++)
        has = pipe->devices[i].at.replica == replica;
    for (int s = 0; s < layout->grid.n_stages && !has; s++)
        has = layout->stages[s].is_first &&
              sl_abroad_process(pipe, replica, &layout->stages[s]) ==
                  pipe->blueprint.processes.rank;
    return has;
}

struct sl_rows sl_abroad_input_rows(const sluice_pipeline *pipe, int64_t rows)
{
    const struct sl_grid *grid = &pipe->blueprint.grid;
    struct sl_rows mine = {0, pipe->world ? 0 : rows};
    for (int r = 0; pipe->world && r < grid->n_replicas; r++) {
        struct sl_rows of = sl_split_rows(rows, grid->n_replicas, r);
        if (!has_input(pipe, r))
            continue;
        if (mine.n == 0)
            mine.first = of.first;
        mine.n = of.first + of.n - mine.first;
    }
    return mine;
}

bool sl_abroad_reads_x(const sluice_pipeline *pipe)
{
    bool reads = !pipe->world;
    for (int r = 0; r < pipe->blueprint.grid.n_replicas && !reads; r++)
        reads = has_input(pipe, r);
    return reads;
}

/* Each device of a cut vocabulary has a part of each row's loss. */
bool sl_abroad_reads_targets(const sluice_pipeline *pipe)
{
    return !pipe->world || sl_abroad_cut_head(pipe) || sl_abroad_judges(pipe);
}

void sluice_pipeline_reads(const sluice_pipeline *pipe, bool *x, bool *targets)
{
    sl_door_shut(pipe);
    *x = sl_abroad_reads_x(pipe);
    *targets = sl_abroad_reads_targets(pipe);
    sl_door_open(pipe);
}
