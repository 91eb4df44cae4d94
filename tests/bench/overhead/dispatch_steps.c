/*
 * Steps of cells that compute nothing, on one device: for count_dispatch.sh,
 * which counts their instructions.
 *
 *     dispatch_steps STEPS MICROBATCHES
 */
#include "bench/overhead/empty_cells.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct empty_cells *cells;
    sluice_diag why = {0};
    if (argc != 3)
        return 2;
    int steps = atoi(argv[1]);
    /* Parked: a wait that spins would be counted. */
    const struct empty_cells_config config = {
        .devices = 1,
        .cells = 1,
        .microbatches = atoi(argv[2]),
        .spin_ns = -1,
        .width = EMPTY_WIDTH,
    };
    sluice_status st = empty_cells_create(&config, &cells, &why);
    if (st) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    double ns;
    for (int i = 0; i < steps && !st; i++)
        st = empty_cells_step(cells, &ns, &why);
    empty_cells_destroy(cells);
    return st ? 1 : 0;
}
