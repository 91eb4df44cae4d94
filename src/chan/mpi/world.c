/* The world.  The caller of a pipeline. */
#include "chan/mpi/world.h"

#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "chan/mpi/control.h"
#include "chan/mpi/mpi_collective.h"

enum {
    WORD_TAG = 0,          /* among the calls */
    TESTS_PER_LOOK = 4096, /* of a message, each of about 100 ns */
};

struct sluice_world {
    const sluice_allocator *allocator; /* const after create */
    struct sl_wire *wire;              /* const after create */
    struct sl_control *control;        /* const after create */
    int rank;                          /* const after create */
    pid_t owner;                       /* const after create: the process that
                                          MPI knows */
    struct sl_given_out given;         /* [owner: caller] so far */
    int first_tag;                     /* [owner: caller] of this pipeline */
    char *relay;     /* [owner: caller] a part of what is broadcast */
    bool relay_lost; /* [owner: caller] MPI may write to it at any time */
};

/* A broadcast cannot be called off.  So it goes through a buffer of the world:
 * after a loss MPI may still write there, but not to the caller's. */
enum { RELAY_BYTES = 256 * 1024 };

static const struct sl_patience impatient = {.spin_ns = 50 * 1000};

/* What it has of its own. */
static void free_world(sluice_world *world)
{
    if (!world)
        return;
    sl_control_destroy(world->control);
    if (!world->relay_lost)
        sl_free(world->allocator, world->relay, RELAY_BYTES, 1);
    sl_free(world->allocator, world, 1, sizeof *world);
}

/* In this process alone. */
static sluice_status make_world(struct sl_wire *wire,
                                const sluice_allocator *allocator,
                                sluice_world **out, sluice_diag *why)
{
    sluice_world *world = sl_alloc(allocator, 1, sizeof *world);
    *out = world;
    if (!world)
        return sl_no_memory(why, "a world");
    world->allocator = allocator;
    world->wire = wire;
    world->rank = sl_wire_rank(wire);
    world->owner = getpid();
    world->relay = sl_alloc(allocator, RELAY_BYTES, 1);
    if (!world->relay)
        return sl_no_memory(why, "a world");
    sluice_status st = sl_control_create(wire, allocator, &world->control);
    if (st == SLUICE_NO_MEMORY)
        return sl_no_memory(why, "a world");
    return st ? sluice_diag_set(why, st,
                                "the system refused a lock for a world")
              : SLUICE_OK;
}

sluice_status sluice_world_create(const void *communicator,
                                  const sluice_allocator *allocator,
                                  sluice_world **out, sluice_diag *why)
{
    struct sl_wire *wire;
    sluice_world *world;
    sluice_status st = sl_wire_create(communicator, allocator, &wire, why);
    if (st)
        return st;
    st = make_world(wire, allocator, &world, why);
    st = sl_wire_agree(wire, st, why);
    if (st) {
        free_world(world);
        sl_wire_destroy(wire, false);
        return st;
    }
    sl_control_introduce(world->control);
    *out = world;
    return SLUICE_OK;
}

/* In a child of fork() MPI may not be called. */
static sluice_status check_owner(const sluice_world *world, sluice_diag *why)
{
    if (getpid() == world->owner)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "process %d of the world is %ld, and %ld is a child "
                           "of fork(), which has no part in it; make what it "
                           "needs without a world",
                           world->rank, (long)world->owner, (long)getpid());
}

/* In a child of fork() all of it is the parent's. */
void sluice_world_destroy(sluice_world *world)
{
    if (!world || check_owner(world, NULL))
        return;
    bool alone = sl_control_is_over(world->control);
    struct sl_wire *wire = world->wire;
    free_world(world);
    sl_wire_destroy(wire, alone);
}

int sluice_world_rank(const sluice_world *world)
{
    return world->rank;
}

int sluice_world_size(const sluice_world *world)
{
    return sl_wire_n_ranks(world->wire);
}

int sluice_world_lost(const sluice_world *world)
{
    sluice_diag why;
    bool gone = sl_control_is_over(world->control) &&
                sl_control_loss(world->control, &why) == SLUICE_SYSTEM;
    return gone ? why.process : -1;
}

sluice_status sluice_world_agree(sluice_world *world, sluice_status status,
                                 sluice_diag *why)
{
    return world ? sl_world_check(world, status, why) : status;
}

static sluice_status check_share(const sluice_world *world, int process,
                                 const void *buffer, size_t bytes,
                                 sluice_diag *why)
{
    int n = sluice_world_size(world);
    if (process < 0 || process >= n)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "process %d is to share what it has, and the "
                               "world has processes 0 to %d",
                               process, n - 1);
    if (!buffer && bytes > 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "`buffer` is NULL, and %zu bytes are shared",
                               bytes);
    return SLUICE_OK;
}

sluice_status sluice_world_share(sluice_world *world, int process, void *buffer,
                                 size_t bytes, sluice_diag *why)
{
    if (!world)
        return SLUICE_OK;
    sluice_status st = check_share(world, process, buffer, bytes, why);
    st = sl_world_check(world, st, why);
    return st ? st : sl_world_broadcast(world, process, buffer, bytes, why);
}

struct sl_wire *sl_world_wire(sluice_world *world)
{
    return world->wire;
}

struct sl_control *sl_world_control(sluice_world *world)
{
    return world->control;
}

int sl_world_count_courier(sluice_world *world)
{
    return world->given.n_couriers++;
}

sluice_status sl_world_take_tags(sluice_world *world, int n, int *first,
                                 sluice_diag *why)
{
    int most = sl_wire_n_tags(world->wire);
    int n_tags = world->given.n_tags;
    if (n > most - n_tags)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d of %d tags of messages are taken, and the "
                               "pipeline needs more; use fewer devices or "
                               "micro-batches",
                               n_tags, most);
    *first = n_tags;
    world->given.n_tags += n;
    return SLUICE_OK;
}

void sl_world_begin(sluice_world *world, struct sl_collective *everyone)
{
    struct sl_control_hooks hooks = sl_mpi_collective_hooks(everyone);
    sluice_diag why;
    sl_control_begin(world->control, &hooks);
    if (sl_failure_latched(&everyone->failure, &why))
        sl_control_fail(world->control, &why, NULL, NULL); /* before this */
}

void sl_world_look(sluice_world *world)
{
    sl_control_look(world->control);
}

sluice_status sl_world_finish(sluice_world *world, sluice_diag *why)
{
    return sl_control_finish(world->control, why);
}

void sl_world_start(sluice_world *world)
{
    world->first_tag = world->given.n_tags;
}

void sl_world_give_up(sluice_world *world)
{
    world->given.n_tags = world->first_tag;
}

sluice_status sl_world_check(sluice_world *world, sluice_status st,
                             sluice_diag *why)
{
    sluice_status inherited = check_owner(world, why);
    if (inherited)
        return inherited;
    sl_control_begin(world->control, NULL);
    if (st) {
        sluice_diag told;
        sluice_diag_set(&told, st, "process %d could not go on", world->rank);
        if (why)
            told = *why;
        told.status = st; /* whatever was written there: this one counts */
        told.text[SLUICE_DIAG_TEXT - 1] = '\0';
        told.process = world->rank;
        sl_control_fail(world->control, &told, NULL, NULL);
    }
    return sl_control_finish(world->control, why);
}

struct wait {
    const sluice_world *world;
    struct sl_transfer transfer;
};

static bool is_done(void *state)
{
    struct wait *wait = state;
    return sl_wire_done(wait->world->wire, &wait->transfer) ||
           sl_control_is_over(wait->world->control);
}

sluice_status sl_world_broadcast(sluice_world *world, int root, void *buffer,
                                 size_t bytes, sluice_diag *why)
{
    char *at = buffer;
    while (bytes > 0 && !sl_control_is_over(world->control)) {
        size_t n = bytes < RELAY_BYTES ? bytes : RELAY_BYTES;
        struct wait wait = {.world = world};
        if (world->rank == root)
            memcpy(world->relay, at, n);
        sl_wire_broadcast(world->wire, root, world->relay, n, &wait.transfer);
        sl_control_wait(world->control, impatient, is_done, &wait);
        world->relay_lost = wait.transfer.under_way;
        if (world->rank != root && !world->relay_lost)
            memcpy(at, world->relay, n);
        at += n;
        bytes -= n;
    }
    if (!sl_control_is_over(world->control))
        return SLUICE_OK;
    return sl_control_loss(world->control, why);
}

uint64_t sluice_world_sent_bytes(const sluice_world *world)
{
    return sl_wire_sent_bytes(world->wire);
}

static sluice_status check_ping(const sluice_world *world, size_t bytes, int n,
                                sluice_diag *why)
{
    if (sluice_world_size(world) > 1 && bytes > 0 && n > 0 &&
        bytes <= sl_wire_most_bytes())
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%d messages of %zu bytes among %d processes; give "
                           "at least one, of 1 to %zu bytes, among two",
                           n, bytes, sluice_world_size(world),
                           sl_wire_most_bytes());
}

/* Wait for a message; if its partner is gone, it never comes. */
static sluice_status await_message(const sluice_world *world,
                                   struct sl_transfer *transfer,
                                   sluice_diag *why)
{
    for (int i = 1; !sl_wire_done(world->wire, transfer); i++) {
        if (i % TESTS_PER_LOOK != 0)
            continue;
        sl_control_look(world->control);
        if (sl_control_is_over(world->control)) {
            sl_wire_cancel(world->wire, transfer);
            return sl_control_loss(world->control, why);
        }
    }
    return SLUICE_OK;
}

/* Between process 0, which sends first, and process 1. */
static sluice_status ping(const sluice_world *world, void *buffer, size_t bytes,
                          int n, sluice_diag *why)
{
    int other = 1 - world->rank;
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < 2 * n && !st; i++) {
        struct sl_transfer transfer = {.under_way = false};
        if (world->rank == i % 2)
            sl_wire_send(world->wire, SL_LANE_CALLS, other, WORD_TAG, buffer,
                         bytes, &transfer);
        else
            sl_wire_receive(world->wire, SL_LANE_CALLS, other, WORD_TAG, buffer,
                            bytes, &transfer);
        st = await_message(world, &transfer, why);
    }
    return st;
}

sluice_status sluice_world_ping(sluice_world *world, size_t bytes, int n,
                                double *ns, sluice_diag *why)
{
    void *buffer = NULL;
    sluice_status st = check_ping(world, bytes, n, why);
    if (!st) {
        buffer = sl_alloc(world->allocator, bytes, 1);
        if (!buffer)
            st = sl_no_memory(why, "a message");
    }
    st = sl_world_check(world, st, why);
    double mean = 0;
    if (!st && world->rank < 2) {
        int64_t start = sl_now_ns();
        st = ping(world, buffer, bytes, n, why);
        mean = (double)(sl_now_ns() - start) / (2.0 * n);
    }
    sl_free(world->allocator, buffer, bytes, 1);
    if (!st)
        st = sl_world_broadcast(world, 0, &mean, sizeof mean, why);
    if (!st)
        *ns = mean;
    return st;
}

bool sl_world_is_over(const sluice_world *world)
{
    return sl_control_is_over(world->control);
}

void sl_world_leave(sluice_world *world)
{
    sl_control_leave(world->control, &world->given);
}

void sl_world_abandon(sluice_world *world)
{
    sl_control_abandon(world->control);
}
