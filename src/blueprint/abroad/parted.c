/* Between processes.  The thread that creates the pipeline. */
#include "blueprint/abroad/parted.h"

#include "blueprint/stage_slots.h"

/* As each device of a team sees them. */
static void part_stages(const struct sl_processes *processes,
                        const struct sl_grid *grid, struct sl_stage *stages)
{
    for (int s = 0; s < grid->n_stages; s++)
        if (!stages[s].is_last &&
            sl_process_parts(processes, grid, stages[s].device,
                             stages[s + 1].device))
            sl_stage_slots_part(&stages[s], &stages[s + 1]);
}

void sl_part_boundaries(const struct sl_processes *processes,
                        struct sl_layout *layout)
{
    const struct sl_grid *grid = &layout->grid;
    struct sl_stage *stages = layout->stages;
    for (int t = 0; t < grid->n_shards; t++) {
        const struct sl_coordinates at = {.shard = t};
        part_stages(processes, grid, stages + sl_first_stage(grid, at));
    }
    for (int i = 0; i < layout->n_edges; i++) {
        struct sl_edge *edge = &layout->edges[i];
        if (sl_process_parts(processes, grid, stages[edge->stash.stage].device,
                             stages[edge->pop.stage].device))
            sl_edge_part(edge);
    }
}
