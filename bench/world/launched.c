/* The launcher.  The main thread. */
#include "bench/world/launched.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int number(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

/* mpirun tells both numbers; srun, through PMIx, the rank, and the size as
 * Slurm knows it. */
bool launched_with_others(void)
{
    if (getenv("OMPI_COMM_WORLD_SIZE"))
        return number("OMPI_COMM_WORLD_SIZE", 1) > 1;
    return getenv("PMIX_RANK") && number("SLURM_STEP_NUM_TASKS", 2) > 1;
}

int launched_rank(void)
{
    if (!launched_with_others())
        return 0;
    return number("OMPI_COMM_WORLD_RANK", number("PMIX_RANK", 0));
}

/* In the GNU C library both are variables. */
void launched_hush(void)
{
    if (launched_rank() == 0)
        return;
    FILE *nothing = fopen("/dev/null", "w");
    if (nothing)
        stdout = stderr = nothing;
}

void launched_speak(void)
{
    FILE *again = fdopen(STDERR_FILENO, "w");
    if (!again)
        return;
    setvbuf(again, NULL, _IONBF, 0);
    stderr = again;
}
