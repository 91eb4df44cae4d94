/*
 * What the members of a collective send each other: their words, pieces of
 * terms to be added up, and the chunks that were.  A member is *near* if it is
 * in this process, else *far*.
 *
 * Every function begins something or looks; waiting is for
 * chan/mpi/mpi_collective.c.  `at`, 0 or 1, is the place of a meeting's words,
 * `rank` the member that calls.
 *
 * Threads: a near member touches what is its own; what the leader touches says
 * so.  The words of near members are read between two gatherings.
 */
#ifndef SL_CHAN_MPI_CROSSING_H
#define SL_CHAN_MPI_CROSSING_H

#include "chan/collective.h"
#include "chan/mpi/control.h"
#include "chan/mpi/ways/port.h"

enum { SL_PIECE_FLOATS = 16384 }; /* of a message */

/* Of a near member, what only it uses. */
struct sl_near {
    int rank;
    struct sl_share shares[2]; /* what it has brought to a meeting */
    struct sl_outlet *words;   /* [n_ranks] its word to each process */
    struct sl_outlet *terms;   /* [n_terms][n_members] of its own terms */
    struct sl_inlet *pieces;   /* [n_terms] of far terms, its chunk of them */
    float *buffers;            /* [n_terms] a piece of each */
    struct sl_outlet *chunks;  /* [n_members] its chunk to each far member */
    struct sl_inlet *gathered; /* [n_members] theirs */
    int64_t piece_n;           /* elements of the piece under way */
};

struct sl_member_mail {
    const sluice_allocator *allocator; /* const after init */
    struct sl_wire *wire;              /* const after init */
    struct sl_control *control;        /* const after init */
    int rank;                          /* const after init: this process */
    int n_ranks;                       /* const after init */
    int n_members;                     /* const after init */
    int n_inner;                       /* const after init: near members */
    int n_terms;     /* const after init: of a sum, n_members if each has one;
                        0: no arrays are added up */
    bool *is_peer;   /* [n_ranks] const after init: has a far member */
    int *process;    /* [n_members] const after init */
    int *inner_rank; /* [n_members] const after init: -1 if far */
    int *owner;      /* [n_terms] const after init: the member that has it */
    bool has_terms;  /* const after init: shares bring `terms` */
    int n_sums;      /* const after init */
    size_t word_doubles;        /* const after init */
    double *words;              /* [2][n_members] virtual time and sums */
    struct sl_inlet *far_words; /* [n_members] [owner: leader] */
    struct sl_near *near;       /* [n_inner] */
    bool abandoned;             /* in a child of fork() */
};

/* Where the piece of term k lies that a near member has received. */
static inline float *sl_crossing_buffer(const struct sl_near *near, int k)
{
    return near->buffers + (size_t)k * SL_PIECE_FLOATS;
}

/* A near member's word; `sums` may be NULL. */
void sl_crossing_say(struct sl_member_mail *crossing, int at, int rank,
                     const struct sl_share *share, const double *sums);

/* The leader sends the words of near members and receives the others; when they
 * are there it ends that. */
void sl_crossing_words(struct sl_member_mail *crossing, int at);
bool sl_crossing_has_words(struct sl_member_mail *crossing, int rank, int at);
void sl_crossing_end_words(struct sl_member_mail *crossing);

/* Of the words of all members: the latest time, and the sums in the order of
 * the ranks. */
int64_t sl_crossing_latest(const struct sl_member_mail *crossing, int at);
void sl_crossing_add_sums(const struct sl_member_mail *crossing, int at,
                          double *sums);

/* A sum over arrays of n elements takes so many pieces: for each, expect, send
 * and add. */
int sl_crossing_n_pieces(const struct sl_member_mail *crossing, int64_t n);
void sl_crossing_expect_piece(struct sl_member_mail *crossing, int rank, int at,
                              int piece);
void sl_crossing_send_piece(struct sl_member_mail *crossing, int rank, int at,
                            int piece);
void sl_crossing_add_piece(struct sl_member_mail *crossing, int rank, int at,
                           int piece);
bool sl_crossing_has_sent(struct sl_member_mail *crossing, int rank, int at);
bool sl_crossing_has_piece(struct sl_member_mail *crossing, int rank, int at);

/* Send this member's chunk to all others, and receive theirs. */
void sl_crossing_chunks(struct sl_member_mail *crossing, int rank, int at);
bool sl_crossing_has_chunks(struct sl_member_mail *crossing, int rank, int at);
void sl_crossing_end_chunks(struct sl_member_mail *crossing, int rank);

#endif
