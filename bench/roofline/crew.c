/* Work on several cores at once.  The main thread, and a thread for each
 * member. */
#include "bench/roofline/crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

/* All members begin when the last one was started; if one cannot be, all give
 * up. */
struct crew {
    crew_work *work;
    void *context;
    pthread_mutex_t mu;
    pthread_cond_t changed; /* begun or given_up */
    bool begun;             /* [mu] */
    bool given_up;          /* [mu] */
};

struct member {
    pthread_t thread;
    struct crew *crew;
    int i;
    double result; /* read after join */
};

int crew_cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
}

/* The core of that number among those allowed. */
int crew_cpu(int member)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed))
        return -1;
    int left = member % CPU_COUNT(&allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed) && left-- == 0)
            return cpu;
    return -1;
}

/* Where that is refused the calling thread runs anywhere. */
static void pin(int member)
{
    int cpu = crew_cpu(member);
    cpu_set_t one;
    CPU_ZERO(&one);
    if (cpu < 0)
        return;
    CPU_SET(cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
}

/* Returns whether the work is to be done. */
static bool wait_to_begin(struct crew *crew)
{
    pthread_mutex_lock(&crew->mu);
    while (!crew->begun && !crew->given_up)
        pthread_cond_wait(&crew->changed, &crew->mu);
    bool begun = crew->begun;
    pthread_mutex_unlock(&crew->mu);
    return begun;
}

static void *run_member(void *of)
{
    struct member *m = of;
    pin(m->i);
    if (wait_to_begin(m->crew))
        m->result = m->crew->work(m->crew->context, m->i);
    return NULL;
}

static void let_go(struct crew *crew, bool begin)
{
    pthread_mutex_lock(&crew->mu);
    crew->begun = begin;
    crew->given_up = !begin;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->mu);
}

/* Start, run and join the members.  Returns how many were started. */
static int run_members(struct crew *crew, struct member *members, int n)
{
    int started = 0;
    while (started < n && !pthread_create(&members[started].thread, NULL,
                                          run_member, &members[started]))
        started++;
    let_go(crew, started == n);
    for (int i = 0; i < started; i++)
        pthread_join(members[i].thread, NULL);
    return started;
}

sluice_status crew_run(int first, int n, crew_work *work, void *context,
                       double *results, sluice_diag *why)
{
    struct member *members = calloc((size_t)n, sizeof *members);
    if (!members)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for %d threads", n);
    struct crew crew = {.work = work, .context = context};
    pthread_mutex_init(&crew.mu, NULL);
    pthread_cond_init(&crew.changed, NULL);
    for (int i = 0; i < n; i++)
        members[i] = (struct member){.crew = &crew, .i = first + i};
    int started = run_members(&crew, members, n);
    for (int i = 0; i < n; i++)
        results[i] = members[i].result;
    pthread_cond_destroy(&crew.changed);
    pthread_mutex_destroy(&crew.mu);
    free(members);
    if (started == n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_SYSTEM,
                           "only %d of %d threads could be started", started,
                           n);
}
