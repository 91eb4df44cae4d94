/* A board of threads in one process.  The members. */
#include "chan/bulletin.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "base/memory.h"

struct member {
    _Alignas(SL_ALIGN) struct sl_gate gate; /* it waits for an item */
    _Alignas(SL_ALIGN) atomic_int n_posted; /* [atomic] by the member; its
                                               seq_cst store publishes ready_ns
                                               and the item, and pairs with
                                               is_there() */
    int64_t *ready_ns; /* [n_items], [owner: the member] until it is posted */
};

struct sl_bulletin {
    const sluice_allocator *allocator; /* const after create */
    struct sl_patience patience;       /* const after create */
    int n_members;                     /* const after create */
    size_t n_times;                    /* const after create: of all */
    int64_t *times;                    /* [n_times], sliced by the members */
    struct member *members;            /* [n_members] */
    atomic_bool closed; /* [atomic] pairs with is_there(), as n_posted */
};

/* An item that is waited for. */
struct item {
    const struct sl_bulletin *board;
    int poster;
    int32_t number;
};

static bool is_there(const void *state)
{
    const struct item *item = state;
    return atomic_load(&item->board->members[item->poster].n_posted) >
               item->number ||
           atomic_load(&item->board->closed);
}

static void wake_all(struct sl_bulletin *board)
{
    for (int i = 0; i < board->n_members; i++)
        sl_gate_wake(&board->members[i].gate);
}

void sl_bulletin_post(struct sl_bulletin *board, int rank, int32_t number,
                      int64_t virtual_ns)
{
    struct member *member = &board->members[rank];
    member->ready_ns[number] = virtual_ns;
    atomic_store(&member->n_posted, number + 1);
    wake_all(board);
}

sluice_status sl_bulletin_await(struct sl_bulletin *board, int rank, int poster,
                                int32_t number, int64_t *virtual_ns)
{
    const struct item item = {board, poster, number};
    sl_gate_wait(&board->members[rank].gate, board->patience, is_there, &item);
    if (atomic_load(&board->closed))
        return SLUICE_CLOSED;
    int64_t ready_ns = board->members[poster].ready_ns[number];
    *virtual_ns = ready_ns > *virtual_ns ? ready_ns : *virtual_ns;
    return SLUICE_OK;
}

int sl_bulletin_n_posted(const struct sl_bulletin *board, int rank)
{
    return atomic_load(&board->members[rank].n_posted);
}

void sl_bulletin_close(struct sl_bulletin *board)
{
    atomic_store(&board->closed, true);
    wake_all(board);
}

void sl_bulletin_open(struct sl_bulletin *board)
{
    for (int i = 0; i < board->n_members; i++)
        atomic_store(&board->members[i].n_posted, 0);
    atomic_store(&board->closed, false);
}

void sl_bulletin_abandon(struct sl_bulletin *board)
{
    for (int i = 0; i < board->n_members; i++)
        sl_gate_abandon(&board->members[i].gate);
}

static void free_board(struct sl_bulletin *board, int n_gates)
{
    for (int i = 0; i < n_gates; i++)
        sl_gate_fini(&board->members[i].gate);
    sl_free(board->allocator, board->times, board->n_times,
            sizeof *board->times);
    sl_free(board->allocator, board->members, (size_t)board->n_members,
            sizeof *board->members);
    sl_free(board->allocator, board, 1, sizeof *board);
}

void sl_bulletin_destroy(struct sl_bulletin *board)
{
    if (board)
        free_board(board, board->n_members);
}

sluice_status sl_bulletin_create(const struct sl_bulletin_config *config,
                                 struct sl_bulletin **out)
{
    struct sl_bulletin *board = sl_alloc(config->allocator, 1, sizeof *board);
    if (!board)
        return SLUICE_NO_MEMORY;
    board->allocator = config->allocator;
    board->patience = config->patience;
    board->n_members = config->n_members;
    board->n_times = (size_t)config->n_members * (size_t)config->n_items;
    board->members = sl_alloc(config->allocator, (size_t)config->n_members,
                              sizeof *board->members);
    board->times =
        sl_alloc(config->allocator, board->n_times, sizeof *board->times);
    sluice_status st = SLUICE_NO_MEMORY;
    int n = 0;
    if (!board->members || !board->times)
        goto free_all;
    st = SLUICE_SYSTEM;
    for (; n < config->n_members; n++) {
        board->members[n].ready_ns =
            board->times + (size_t)n * (size_t)config->n_items;
        if (sl_gate_init(&board->members[n].gate))
            goto free_all;
    }
    *out = board;
    return SLUICE_OK;

free_all:
    free_board(board, n);
    return st;
}
