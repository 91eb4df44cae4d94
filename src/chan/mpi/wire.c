/* The wire, over MPI.  Any thread. */
#include "chan/mpi/wire.h"

#include <limits.h>
#include <stdatomic.h>
#include <string.h>

#include <mpi.h>

#include "base/clock.h"
#include "base/memory.h"

enum { CANCEL_NS = 100 * 1000 * 1000 };

_Static_assert(sizeof(MPI_Request) <= sizeof(uint64_t),
               "a transfer holds a request");

struct sl_wire {
    const sluice_allocator *allocator; /* const after create */
    MPI_Comm lanes[SL_N_LANES];        /* const after create */
    int rank;                          /* const after create */
    int n_ranks;                       /* const after create */
    int n_tags;                        /* const after create */
    bool finalizes;                    /* const after create: it has initialized
                                          MPI */
    atomic_bool broken;                /* [atomic] a reason to stop */
    atomic_uint_fast64_t sent_bytes;   /* [atomic] a sum, relaxed: it publishes
                                          nothing */
};

static sluice_status check_level(sluice_diag *why)
{
    int level = 0;
    MPI_Query_thread(&level);
    if (level == MPI_THREAD_MULTIPLE)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "MPI runs without MPI_THREAD_MULTIPLE, and each "
                           "device sends for itself; ask MPI_Init_thread() for "
                           "it");
}

/* Initialize MPI, unless the program has. */
static sluice_status enter(const void *communicator, bool *finalizes,
                           sluice_diag *why)
{
    int is_initialized = 0, is_finalized = 0, level;
    *finalizes = false;
    MPI_Initialized(&is_initialized);
    MPI_Finalized(&is_finalized);
    if (is_finalized)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "MPI has been finalized in this process; make "
                               "the world before that");
    if (!is_initialized && communicator)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "there is a communicator, but MPI has not been "
                               "initialized; call MPI_Init_thread()");
    if (!is_initialized &&
        MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &level))
        return sluice_diag_set(why, SLUICE_SYSTEM,
                               "MPI could not be initialized");
    *finalizes = !is_initialized;
    return SLUICE_OK;
}

/* The first process that has failed tells the others why.  A minimum of whole
 * numbers is the same in whatever order it is taken. */
static sluice_status agree(MPI_Comm comm, sluice_status st, sluice_diag *why)
{
    int rank, n, first;
    sluice_diag told;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &n);
    int mine = st ? rank : n;
    memset(&told, 0, sizeof told); /* padding is sent, too */
    sluice_diag_set(&told, st, "process %d could not join the others", rank);
    if (st && why)
        told = *why;
    told.process = rank;
    if (MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, comm) ||
        (first < n &&
         MPI_Bcast(&told, (int)sizeof told, MPI_BYTE, first, comm)))
        return sluice_diag_set(why, SLUICE_SYSTEM,
                               "MPI reported an error while process %d joined "
                               "the others",
                               rank);
    if (first == n)
        return SLUICE_OK;
    if (why)
        *why = told;
    return told.status;
}

sluice_status sl_wire_agree(struct sl_wire *wire, sluice_status st,
                            sluice_diag *why)
{
    return agree(wire->lanes[SL_LANE_CALLS], st, why);
}

static void free_lanes(struct sl_wire *wire, int n)
{
    for (int lane = 0; lane < n; lane++)
        MPI_Comm_free(&wire->lanes[lane]);
}

/* With those that all processes have, if one of them gets no more. */
static sluice_status make_lanes(struct sl_wire *wire, MPI_Comm comm,
                                sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int lane = 0; lane < SL_N_LANES && !st; lane++) {
        if (MPI_Comm_dup(comm, &wire->lanes[lane]))
            st = sluice_diag_set(why, SLUICE_SYSTEM,
                                 "MPI could not duplicate the communicator");
        st = agree(comm, st, why);
        if (st)
            free_lanes(wire, lane);
        else
            MPI_Comm_set_errhandler(wire->lanes[lane], MPI_ERRORS_RETURN);
    }
    return st;
}

static int number_of_tags(MPI_Comm comm)
{
    int *most = NULL, found = 0;
    MPI_Comm_get_attr(comm, MPI_TAG_UB, &most, &found);
    if (!found)
        return 32768; /* what the standard promises */
    return *most == INT_MAX ? INT_MAX : *most + 1;
}

sluice_status sl_wire_create(const void *communicator,
                             const sluice_allocator *allocator,
                             struct sl_wire **out, sluice_diag *why)
{
    MPI_Comm comm = MPI_COMM_WORLD;
    bool finalizes;
    sluice_status st = enter(communicator, &finalizes, why);
    if (st)
        return st;
    if (communicator)
        memcpy(&comm, communicator, sizeof comm);
    struct sl_wire *wire = sl_alloc(allocator, 1, sizeof *wire);
    st = wire ? check_level(why) : sl_no_memory(why, "a world");
    st = agree(comm, st, why);
    if (st)
        goto leave;
    wire->allocator = allocator;
    wire->finalizes = finalizes;
    st = make_lanes(wire, comm, why);
    if (st)
        goto leave;
    MPI_Comm_rank(comm, &wire->rank);
    MPI_Comm_size(comm, &wire->n_ranks);
    wire->n_tags = number_of_tags(comm);
    *out = wire;
    return SLUICE_OK;

leave:
    sl_free(allocator, wire, 1, sizeof *wire);
    if (finalizes)
        MPI_Finalize();
    return st;
}

/* MPI_Finalize() and MPI_Comm_free() wait for the other processes. */
void sl_wire_destroy(struct sl_wire *wire, bool alone)
{
    if (!wire)
        return;
    alone = alone || sl_wire_is_broken(wire);
    if (!alone)
        free_lanes(wire, SL_N_LANES);
    if (wire->finalizes && !alone)
        MPI_Finalize();
    sl_free(wire->allocator, wire, 1, sizeof *wire);
}

int sl_wire_rank(const struct sl_wire *wire)
{
    return wire->rank;
}

int sl_wire_n_ranks(const struct sl_wire *wire)
{
    return wire->n_ranks;
}

bool sl_wire_is_broken(const struct sl_wire *wire)
{
    return atomic_load(&wire->broken);
}

size_t sl_wire_most_bytes(void)
{
    return INT_MAX;
}

int sl_wire_n_tags(const struct sl_wire *wire)
{
    return wire->n_tags;
}

/* Note what a call began. */
static void begin(struct sl_wire *wire, struct sl_transfer *transfer,
                  MPI_Request request, int failed)
{
    transfer->under_way = true;
    memcpy(&transfer->request, &request, sizeof request);
    if (failed)
        atomic_store(&wire->broken, true);
}

void sl_wire_send(struct sl_wire *wire, enum sl_lane lane, int to, int tag,
                  const void *buffer, size_t bytes,
                  struct sl_transfer *transfer)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int failed = MPI_Isend(buffer, (int)bytes, MPI_BYTE, to, tag,
                           wire->lanes[lane], &request);
    begin(wire, transfer, request, failed);
}

void sl_wire_receive(struct sl_wire *wire, enum sl_lane lane, int from, int tag,
                     void *buffer, size_t bytes, struct sl_transfer *transfer)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int failed = MPI_Irecv(buffer, (int)bytes, MPI_BYTE,
                           from == SL_ANY_RANK ? MPI_ANY_SOURCE : from, tag,
                           wire->lanes[lane], &request);
    begin(wire, transfer, request, failed);
}

void sl_wire_broadcast(struct sl_wire *wire, int root, void *buffer,
                       size_t bytes, struct sl_transfer *transfer)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int failed = MPI_Ibcast(buffer, (int)bytes, MPI_BYTE, root,
                            wire->lanes[SL_LANE_CALLS], &request);
    begin(wire, transfer, request, failed);
}

bool sl_wire_done(struct sl_wire *wire, struct sl_transfer *transfer)
{
    if (!transfer->under_way)
        return true;
    if (sl_wire_is_broken(wire))
        return false;
    MPI_Request request;
    MPI_Status status;
    int done = 0, bytes = 0;
    memcpy(&request, &transfer->request, sizeof request);
    if (MPI_Test(&request, &done, &status)) {
        atomic_store(&wire->broken, true);
        return false;
    }
    if (!done)
        return false;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    transfer->bytes = (size_t)bytes;
    transfer->under_way = false;
    return true;
}

void sl_wire_count(struct sl_wire *wire, size_t bytes)
{
    atomic_fetch_add_explicit(&wire->sent_bytes, bytes, memory_order_relaxed);
}

uint64_t sl_wire_sent_bytes(const struct sl_wire *wire)
{
    return atomic_load_explicit(&wire->sent_bytes, memory_order_relaxed);
}

void sl_wire_cancel(struct sl_wire *wire, struct sl_transfer *transfer)
{
    if (!transfer->under_way || sl_wire_is_broken(wire))
        return;
    MPI_Request request;
    memcpy(&request, &transfer->request, sizeof request);
    MPI_Cancel(&request);
    int64_t end = sl_now_ns() + CANCEL_NS;
    while (!sl_wire_done(wire, transfer) && !sl_wire_is_broken(wire))
        if (sl_now_ns() > end)
            atomic_store(&wire->broken, true);
}
