/*
 * Messages to and fro between two processes, to measure them: they take time;
 * and if a partner dies meanwhile, dying.sh judges what the others say.
 */
#include <signal.h>
#include <stdatomic.h>

#include <mpi.h>

#include "pipeline/world/world.h"

enum { BYTES = 4096, MANY = 1000000, LIVES = 3 };

static bool dies;
static int n_sent;

int __real_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);

int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request)
{
    if (dies && n == BYTES && ++n_sent == LIVES)
        raise(SIGKILL);
    return __real_MPI_Isend(buffer, n, type, to, tag, comm, request);
}

static void show_time(sluice_world *world)
{
    double ns = 0;
    sluice_diag why;
    demand(!sluice_world_ping(world, 16, 10, &ns, &why) && ns > 0, "%s",
           why.text);
    demand(!sluice_world_ping(world, 1 << 20, 2, &ns, &why) && ns > 0, "%s",
           why.text);
    demand(sluice_world_ping(world, 0, 1, &ns, &why) == SLUICE_INVALID &&
               strstr(why.text, "messages of 0 bytes"),
           "%s", why.text);
}

static int die(void)
{
    sluice_world *world;
    sluice_diag why;
    double ns;
    signal(SIGTERM, SIG_IGN); /* of the launcher */
    demand(!sluice_world_create(NULL, NULL, &world, &why), "%s", why.text);
    dies = sluice_world_rank(world) == 1;
    sluice_status st = sluice_world_ping(world, BYTES, MANY, &ns, &why);
    printf("status %d: %s\n", st, why.text);
    fflush(stdout);
    sluice_world_destroy(world);
    _Exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"a_message_takes_time", show_time},
    };
    if (argc == 3 && !strcmp(argv[1], "dies"))
        return die();
    return sl_test_claims(claims, 1, argv + 1);
}
