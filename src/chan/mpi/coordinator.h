/*
 * What a control consists of, what process 0 decides, and what each process
 * does about it.  The protocol stands in control.h.
 *
 * Threads: any, under the lock of the control.
 */
#ifndef SL_CHAN_MPI_COORDINATOR_H
#define SL_CHAN_MPI_COORDINATOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "chan/mpi/losses/lifeline.h"
#include "chan/mpi/post.h"

enum { SL_COORDINATOR = 0 };

enum sl_verdict { SL_UNDECIDED, SL_COMMITTED, SL_STOPPED };

/* What a process does about a verdict, before any thread can see it; called
 * under the lock of the control. */
struct sl_control_hooks {
    void (*commit)(void *context);
    void (*stop)(void *context, const sluice_diag *why);
    void (*close)(void *context); /* a process is lost behind the commit: what
                                     it was to send does not come */
    void *context;
};

struct peer {
    int n_left;                /* [mu] how often more than this process */
    uint32_t left_epoch;       /* [mu] its last one */
    struct sl_given_out given; /* [mu] as it knew then */
};

struct sl_control {
    const sluice_allocator *allocator; /* const after create */
    struct sl_wire *wire;              /* const after create */
    struct sl_lifeline *lifeline;      /* const after create */
    struct sl_post *post;              /* [mu] */
    int rank;                          /* const after create */
    int n_ranks;                       /* const after create */
    pthread_mutex_t mu;
    struct peer *peers;             /* [n_ranks] */
    struct sl_control_hooks hooks;  /* [mu] of this epoch */
    uint32_t epoch;                 /* [mu] begun last */
    bool running;                   /* [mu] begun, and not done here */
    bool leaving;                   /* [mu] until the others have left */
    bool voted;                     /* [mu] */
    bool told;                      /* [mu] that this process cannot go on */
    int n_votes, n_done, n_missing; /* [mu] at process 0 */
    int64_t voted_ns;               /* [mu] at process 0: the latest */
    bool failed;                    /* [mu] `first` is set */
    sluice_diag first;              /* [mu] of this epoch */
    sluice_diag loss;               /* [mu] why a process is missing or lost */
    _Atomic(int64_t) latest_ns;     /* [atomic] stored before `verdict` */
    atomic_int verdict;             /* [atomic] stored under mu, behind its
                                       hook */
    atomic_bool ended;              /* [atomic] stored under mu */
    atomic_bool missing;            /* [atomic] stored under mu: a process has
                                       left and is needed */
    atomic_bool leaderless;         /* [atomic] stored under mu: that is process
                                       0 */
    atomic_bool lost;               /* [atomic] stored under mu; stays */
    int64_t suspected_ns; /* [mu] when the first end was seen, or MPI failed; 0:
                             neither */
    int n_looks;          /* [mu] since then */
    bool suspects;        /* [mu] `suspect` is set */
    sluice_diag suspect;  /* [mu] whose end was seen */
};

/* A letter about this epoch, from this process. */
struct sl_letter sl_control_letter(const struct sl_control *control,
                                   enum sl_letter_kind kind);

/* What process 0 has decided, at each process. */
void sl_control_obey_locked(struct sl_control *control,
                            const struct sl_letter *letter);

/* Process 0 takes a letter, in the order in which they come. */
void sl_coordinate_locked(struct sl_control *control,
                          const struct sl_letter *letter);

/* Stop what runs here, for `loss`, unless it is decided already. */
void sl_control_stop_locked(struct sl_control *control);

/* Process 0 tells that a process is missing; `loss` says why. */
void sl_announce_locked(struct sl_control *control);

#endif
