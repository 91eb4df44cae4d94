/*
 * A program that uses MPI itself: what it must have done before it makes a
 * world, and what comes of it if MPI refuses.  One process; no mpirun.
 */
#include <mpi.h>
#include <pthread.h>

#include "chan/mpi/world.h"
#include "pipeline/world/world.h"

static bool refuses_lock, breaks;
static int n_dups = -1; /* that MPI still makes; negative: any number */
static int n_lanes;     /* that there are */

int __real_MPI_Comm_dup(MPI_Comm comm, MPI_Comm *copy);
int __wrap_MPI_Comm_dup(MPI_Comm comm, MPI_Comm *copy);
int __wrap_MPI_Comm_dup(MPI_Comm comm, MPI_Comm *copy)
{
    if (n_dups == 0)
        return MPI_ERR_COMM;
    n_dups--;
    n_lanes++;
    return __real_MPI_Comm_dup(comm, copy);
}

int __real_MPI_Comm_free(MPI_Comm *comm);
int __wrap_MPI_Comm_free(MPI_Comm *comm);
int __wrap_MPI_Comm_free(MPI_Comm *comm)
{
    n_lanes--;
    return __real_MPI_Comm_free(comm);
}

int __real_MPI_Test(MPI_Request *request, int *done, MPI_Status *status);
int __wrap_MPI_Test(MPI_Request *request, int *done, MPI_Status *status);
int __wrap_MPI_Test(MPI_Request *request, int *done, MPI_Status *status)
{
    return breaks ? MPI_ERR_OTHER : __real_MPI_Test(request, done, status);
}

int __real_pthread_mutex_init(pthread_mutex_t *mu,
                              const pthread_mutexattr_t *attr);
int __wrap_pthread_mutex_init(pthread_mutex_t *mu,
                              const pthread_mutexattr_t *attr);
int __wrap_pthread_mutex_init(pthread_mutex_t *mu,
                              const pthread_mutexattr_t *attr)
{
    return refuses_lock ? 1 : __real_pthread_mutex_init(mu, attr);
}

static void refuse(const MPI_Comm *comm, sluice_status status, const char *text)
{
    sluice_world *world;
    sluice_diag why;
    sluice_status st = sluice_world_create(comm, NULL, &world, &why);
    demand(st == status && strstr(why.text, text), "%s instead of %s", why.text,
           text);
}

int main(int argc, char **argv)
{
    const MPI_Comm comm = MPI_COMM_SELF;
    sluice_world *world;
    sluice_diag why;
    int level;
    refuse(&comm, SLUICE_INVALID, "MPI has not been initialized");
    MPI_Init_thread(&argc, &argv,
                    argc > 1 ? MPI_THREAD_SINGLE : MPI_THREAD_MULTIPLE, &level);
    if (argc > 1) {
        refuse(&comm, SLUICE_INVALID, "MPI runs without MPI_THREAD_MULTIPLE");
        MPI_Finalize();
        return EXIT_SUCCESS;
    }
    for (int i = 0; i < 3; i++) {
        n_dups = i;
        refuse(&comm, SLUICE_SYSTEM, "MPI could not duplicate the comm");
        demand(n_lanes == 0, "%d communicators are left", n_lanes);
    }
    n_dups = -1;
    refuses_lock = true;
    refuse(&comm, SLUICE_SYSTEM, "the system refused a lock for a world");
    refuses_lock = false;
    demand(!sluice_world_create(&comm, NULL, &world, &why), "%s", why.text);
    demand(sluice_world_rank(world) == 0 && sluice_world_size(world) == 1,
           "it is not alone");
    breaks = true;
    while (!sl_world_is_over(world)) /* a letter could name the loss */
        sl_world_look(world);
    demand(sl_world_broadcast(world, 0, &level, sizeof level, &why) ==
                   SLUICE_SYSTEM &&
               strstr(why.text, "MPI reported an error"),
           "%s", why.text);
    breaks = false;
    sluice_world_destroy(world);
    MPI_Finalize();
    refuse(NULL, SLUICE_INVALID, "MPI has been finalized");
    return EXIT_SUCCESS;
}
