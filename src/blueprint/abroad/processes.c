/* Placing devices.  The thread that creates the pipeline. */
#include "blueprint/abroad/processes.h"

#include "base/memory.h"

/* The devices of a team read each other's memory. */
static sluice_status check_teams(const struct sl_processes *processes,
                                 const struct sl_grid *grid, const int *list,
                                 sluice_diag *why)
{
    int t = grid->n_shards, n = processes->n_all;
    if (processes->n > n / t)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d processes for %d teams of %d devices: each "
                               "runs at least one team; start fewer",
                               processes->n, n / t, t);
    for (int i = 0; list && i < n; i++)
        if (list[i] != list[i - i % t])
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "devices %d to %d are a team, and "
                                   "`processes` gives device %d to process %d "
                                   "and device %d to process %d; give all of "
                                   "a team to one process",
                                   i - i % t, i - i % t + t - 1, i - i % t,
                                   list[i - i % t], i, list[i]);
    return SLUICE_OK;
}

static sluice_status check(const struct sl_processes *processes,
                           const struct sl_grid *grid, const int *list,
                           int n_listed, sluice_diag *why)
{
    int n = processes->n_all;
    if (processes->n > n)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d processes for %d devices: each runs at "
                               "least one; start fewer",
                               processes->n, n);
    if (list && n_listed != n)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "`processes` lists %d devices, and the pipeline "
                               "has %d; list the process of each",
                               n_listed, n);
    for (int i = 0; list && i < n; i++)
        if (list[i] < 0 || list[i] >= processes->n)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "device %d is to run in process %d; there "
                                   "are processes 0 to %d",
                                   i, list[i], processes->n - 1);
    return grid->n_shards > 1 ? check_teams(processes, grid, list, why)
                              : SLUICE_OK;
}

/* That each process has a device. */
static sluice_status check_all_used(const struct sl_processes *processes,
                                    sluice_diag *why)
{
    for (int p = 0; p < processes->n; p++) {
        int i = 0;
        while (i < processes->n_all && processes->of[i] != p)
            i++;
        if (i == processes->n_all)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "process %d of %d has no device; give it "
                                   "one, or start fewer",
                                   p, processes->n);
    }
    return SLUICE_OK;
}

sluice_status sl_processes_init(struct sl_processes *processes,
                                const struct sl_world_view *view,
                                const struct sl_grid *grid, const int *list,
                                int n_listed, const sluice_allocator *allocator,
                                sluice_diag *why)
{
    int n = sl_n_all_devices(grid), t = grid->n_shards;
    *processes = (struct sl_processes){
        .allocator = allocator,
        .rank = view ? view->rank : 0,
        .n = view ? view->n : 1,
        .n_all = n,
    };
    processes->of = sl_alloc(allocator, (size_t)n, sizeof(int));
    processes->local = sl_alloc(allocator, (size_t)n, sizeof(int));
    if (!processes->of || !processes->local)
        return sl_no_memory(why, "the list of devices");
    sluice_status st =
        check(processes, grid, view ? list : NULL, n_listed, why);
    for (int i = 0; i < n && !st; i++) {
        int run = (int)((long)(i / t) * processes->n / (n / t));
        processes->of[i] = view && list ? list[i] : run;
        if (processes->of[i] == processes->rank)
            processes->local[processes->n_local++] = i;
    }
    return st ? st : check_all_used(processes, why);
}

void sl_processes_fini(struct sl_processes *processes)
{
    size_t n = (size_t)processes->n_all;
    sl_free(processes->allocator, processes->local, n, sizeof(int));
    sl_free(processes->allocator, processes->of, n, sizeof(int));
    *processes = (struct sl_processes){0};
}

int sl_process_of(const struct sl_processes *processes,
                  const struct sl_grid *grid, struct sl_coordinates at)
{
    return processes->of[sl_device_index(grid, at)];
}

bool sl_process_parts(const struct sl_processes *processes,
                      const struct sl_grid *grid, int place, int other)
{
    for (int r = 0; r < grid->n_replicas; r++)
        for (int t = 0; t < grid->n_shards; t++) {
            const struct sl_coordinates a = {place, r, t};
            const struct sl_coordinates b = {other, r, t};
            if (sl_process_of(processes, grid, a) !=
                sl_process_of(processes, grid, b))
                return true;
        }
    return false;
}
