/* Lifelines; any thread. */
#include "chan/mpi/losses/lifeline.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
    PERIOD_NS = 50 * 1000 * 1000,
    UNWATCHED = -1,
    ENDED = -2, /* before it could be watched */
};

/* Who a process is, and where: processes of the same boot and the same
 * namespace know each other by their numbers. */
struct identity {
    char boot[40];
    uint64_t name_space;
    int64_t pid;
};

struct sl_lifeline {
    const sluice_allocator *allocator; /* const after create */
    int n_ranks;                       /* const after create */
    struct identity *of;               /* [n_ranks] const after create */
    struct pollfd *ends;               /* [n_ranks] const after create: fd is a
                                          descriptor, UNWATCHED or ENDED */
    int64_t looked_ns;                 /* [owner: who has the lock] */
};

static struct identity identify(void)
{
    struct identity self;
    struct stat about;
    memset(&self, 0, sizeof self);
    self.pid = getpid();
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file) {
        if (!fgets(self.boot, sizeof self.boot, file))
            self.boot[0] = '\0';
        fclose(file);
    }
    if (!stat("/proc/self/ns/pid", &about))
        self.name_space = about.st_ino;
    return self;
}

static bool are_neighbours(const struct identity *a, const struct identity *b)
{
    return a->boot[0] && !strcmp(a->boot, b->boot) &&
           a->name_space == b->name_space;
}

static int open_process(int64_t pid)
{
#ifdef SYS_pidfd_open
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (fd >= 0)
        return fd;
    return errno == ESRCH ? ENDED : UNWATCHED;
#else
    (void)pid;
    return UNWATCHED;
#endif
}

sluice_status sl_lifeline_create(int n, const sluice_allocator *allocator,
                                 struct sl_lifeline **out)
{
    struct sl_lifeline *lifeline = sl_alloc(allocator, 1, sizeof *lifeline);
    if (!lifeline)
        return SLUICE_NO_MEMORY;
    lifeline->allocator = allocator;
    lifeline->n_ranks = n;
    lifeline->of = sl_alloc(allocator, (size_t)n, sizeof *lifeline->of);
    lifeline->ends = sl_alloc(allocator, (size_t)n, sizeof *lifeline->ends);
    for (int i = 0; lifeline->ends && i < n; i++)
        lifeline->ends[i] = (struct pollfd){.fd = UNWATCHED, .events = POLLIN};
    if (!lifeline->of || !lifeline->ends) {
        sl_lifeline_destroy(lifeline);
        return SLUICE_NO_MEMORY;
    }
    *out = lifeline;
    return SLUICE_OK;
}

/* Nothing runs yet, and the launcher ends all if one of them dies here. */
void sl_lifeline_introduce(struct sl_lifeline *lifeline, struct sl_wire *wire)
{
    int n = lifeline->n_ranks, self = sl_wire_rank(wire);
    struct identity *of = lifeline->of;
    of[self] = identify();
    for (int i = 0; i < n; i++) {
        struct sl_transfer transfer = {0};
        sl_wire_broadcast(wire, i, &of[i], sizeof of[i], &transfer);
        while (!sl_wire_done(wire, &transfer) && !sl_wire_is_broken(wire))
            continue;
    }
    for (int i = 0; i < n; i++)
        if (i != self && are_neighbours(&of[i], &of[self]))
            lifeline->ends[i].fd = open_process(of[i].pid);
}

void sl_lifeline_destroy(struct sl_lifeline *lifeline)
{
    if (!lifeline)
        return;
    size_t n = (size_t)lifeline->n_ranks;
    for (size_t i = 0; lifeline->ends && i < n; i++)
        if (lifeline->ends[i].fd >= 0)
            close(lifeline->ends[i].fd);
    sl_free(lifeline->allocator, lifeline->ends, n, sizeof *lifeline->ends);
    sl_free(lifeline->allocator, lifeline->of, n, sizeof *lifeline->of);
    sl_free(lifeline->allocator, lifeline, 1, sizeof *lifeline);
}

static bool has_ended(const struct pollfd *end)
{
    struct pollfd look = *end;
    return look.fd == ENDED || (look.fd >= 0 && poll(&look, 1, 0) == 1);
}

bool sl_lifeline_look(struct sl_lifeline *lifeline, sluice_diag *why)
{
    int64_t now = sl_now_ns();
    if (now - lifeline->looked_ns < PERIOD_NS)
        return false;
    lifeline->looked_ns = now;
    for (int i = 0; i < lifeline->n_ranks; i++) {
        if (!has_ended(&lifeline->ends[i]))
            continue;
        sluice_diag_set(why, SLUICE_SYSTEM,
                        "process %d (pid %lld) has ended without leaving the "
                        "others: they cannot go on; start again, from the last "
                        "checkpoint if there is one",
                        i, (long long)lifeline->of[i].pid);
        why->process = i;
        return true;
    }
    return false;
}
