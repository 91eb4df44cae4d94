/*
 * Schedules: one ordered list of actions per device.
 *
 * Generators write a schedule, sluice_schedule_verify() proves that it can run,
 * a pipeline executes it.  Only the generators know a schedule by name.
 *
 * An action is written STAGE KIND MICROBATCH, as PyTorch's pipelining writes
 * it: "2F0" is stage 2, forward, micro-batch 0; "2F5@3" is a forward of
 * micro-batch 5 with version 3 of the stage's weights.
 *
 * Stages and devices.  A *stage* is a run of layers, numbered from 0 in the
 * order of the model.  Each stage is on one device; the devices of a schedule
 * are numbered from 0 to K - 1, one list each.  If a device has several stages,
 * these are its *chunks*: with v chunks on each of K devices there are v K
 * stages.
 *
 * Copies.  A bidirectional schedule holds the model more than once.  Of the
 * S stages of C copies, the stages c*S/C to (c+1)*S/C - 1 are copy c, from the
 * input to the loss, and stage s is a copy of part s % (S/C) of the model.
 * Each micro-batch goes through one copy.  Before an UPDATE the gradients of a
 * part's copies are added up, so that all copies stay equal.
 *
 * Versions.  A schedule is *synchronous* if each stage has one UPDATE, after
 * all backwards of all devices.  If a stage has several UPDATEs the schedule is
 * *asynchronous*: an UPDATE does not wait for other devices.  It makes the next
 * version of its stage's weights from the gradients since the UPDATE before it;
 * version 1 is the weights at the beginning of the step.  A forward uses the
 * newest version unless the action names one; all other actions of that
 * micro-batch on that stage use the version of the forward.  The *staleness* of
 * an UPDATE is the number of updates between the oldest version by which one of
 * its gradients was computed and the version that it updates.
 *
 * Vocabulary parallelism (Yeung et al., 2025).  The output layer may be cut
 * across all devices: then each has, of its first stage, an S and a T for each
 * micro-batch.  The B or I of the last stage starts from what all S give.
 *
 * Sends and receives.  A schedule with a SEND or RECV is *lowered*: each
 * transfer between devices is an action in a list, "2SEND_F0" and "3RECV_F0".
 * A RECV is posted where it stands and does not wait; the F, B or I that needs
 * the item waits for it, as in PyTorch.  In other schedules an action receives
 * as it starts and sends as it ends.
 */
#ifndef SLUICE_SCHEDULE_H
#define SLUICE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/schedule_action.h>
#include <sluice/schedule_edge.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SLUICE_MAX_DEVICES = 64,            /* devices of a pipeline that runs */
    SLUICE_SCHEDULE_MAX_DEVICES = 4096, /* of one that need not run */
    SLUICE_MAX_MICROBATCHES = 65536,    /* M */
    SLUICE_MAX_STAGES = 4096,           /* of all copies */
    SLUICE_MAX_COPIES = 64,             /* of the model */
    SLUICE_MAX_ACTIONS = 1 << 25,       /* in the list of one device */
    SLUICE_QUEUE_CAPACITY = 2,          /* items, unless a config says other */
    SLUICE_SPIN_NS = 200 * 1000,        /* a waiting device polls for so long,
                                           unless a config says other */
};

/* The order of the backwards of GPipe.  Gradients are added in this order, so
 * it decides the bits. */
typedef enum sluice_backward_order {
    SLUICE_REVERSE = 0, /* B(m-1) .. B0: the paper's figure, torchgpipe */
    SLUICE_IN_ORDER,    /* B0 .. B(m-1): PyTorch */
} sluice_backward_order;

/* Which micro-batches recompute their inner activations before the backward. */
typedef enum sluice_remat {
    SLUICE_REMAT_NEVER = 0,
    SLUICE_REMAT_ALWAYS,
    SLUICE_REMAT_EXCEPT_LAST, /* all except, on each stage, the one whose
                                 backward comes first */
} sluice_remat;

typedef struct sluice_schedule sluice_schedule;

typedef struct sluice_schedule_config {
    const char *name; /* a generator's name; NULL means "gpipe" */
    int devices;      /* K, 1 to SLUICE_SCHEDULE_MAX_DEVICES */
    int microbatches; /* M, 1 to SLUICE_MAX_MICROBATCHES */
    sluice_backward_order backward_order; /* read by gpipe only */
    const sluice_allocator *allocator;    /* NULL: malloc */
    /* Options: each is read by the generators that name it in
     * sluice_schedule_options(); 0 means the standard. */
    int chunks;  /* stages per device; 2 */
    int group;   /* micro-batches of a group, at least K; K.  interleaved-1f1b:
                    a group goes through a chunk before the device changes to
                    its next chunk.  pipedream-2bw: a group makes one update */
    int warm_up; /* eager-1f1b, interleaved-1f1b: a device runs this many
                    forwards ahead for each device behind it; 2.  1 needs the
                    least memory, more hide slower hand-offs */
    int slices;  /* seq1f1b: micro-batches that are slices of one sequence; 2 */
    bool vertical_sync; /* pipedream: on all devices a micro-batch uses the
                           version that it used on the first */
} sluice_schedule_config;

/* Name of generator `i`, NULL past the last one: for listing them. */
SLUICE_API const char *sluice_schedule_generator(int i);

/* One line about generator `i`, NULL past the last one. */
SLUICE_API const char *sluice_schedule_summary(int i);

/* Bounds and standards of an option that depend on the number of devices K. */
enum {
    SLUICE_OPTION_DEVICES = -1, /* K */
    SLUICE_OPTION_STAGES = -2,  /* SLUICE_MAX_STAGES / K */
    SLUICE_OPTION_HALF = -3,    /* K / 2, rounded up */
};

/* An option of a generator: a field of sluice_schedule_config. */
typedef struct sluice_schedule_option {
    const char *name; /* "chunks"; [a-z-] */
    const char *help; /* its meaning for this generator: "Stages of a device" */
    size_t offset;    /* of the field: a bool if is_flag, else an int */
    bool is_flag;
    int least; /* of an int ... */
    int most;
    int standard; /* ... and what 0 stands for */
} sluice_schedule_option;

/* The options of generator `i`, and their number; NULL and 0 if it has none,
 * and past the last one.  The fields of other options are not read. */
SLUICE_API const sluice_schedule_option *sluice_schedule_options(int i, int *n);

/*
 * Generate a schedule.
 *
 * sluice_schedule_generator() lists the generators, sluice_schedule_summary()
 * has a line about each; docs/schedules.md says what they do and which K and M
 * they accept.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID for numbers out of range, and if
 *          interleaved-1f1b would deadlock with queues of any size, as it may
 *          when M is not a multiple of the group or `warm_up` exceeds 2;
 *          SLUICE_NOT_FOUND for an unknown name, listing the known ones;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status
sluice_schedule_generate(const sluice_schedule_config *config,
                         sluice_schedule **out, sluice_diag *why);

/*
 * Create an empty schedule of your own, to be filled by
 * sluice_schedule_append().  `stage_device[stages]` maps stages to devices.
 *
 * Returns  as sluice_schedule_generate().
 */
SLUICE_API sluice_status sluice_schedule_create(
    int devices, int stages, int microbatches, const int *stage_device,
    const sluice_allocator *allocator, sluice_schedule **out, sluice_diag *why);

/*
 * The same for `copies` copies of the model, of `stages` stages in all.
 *
 * Returns  as sluice_schedule_create(); SLUICE_INVALID also if the copies do
 *          not share the stages equally, or two of one part are on one device.
 */
SLUICE_API sluice_status sluice_schedule_create_copies(
    int devices, int stages, int copies, int microbatches,
    const int *stage_device, const sluice_allocator *allocator,
    sluice_schedule **out, sluice_diag *why);

/*
 * Append an action to a device's list.  Only the ranges of the numbers are
 * checked here; sluice_schedule_verify() checks the whole schedule.
 *
 * Returns  SLUICE_OK, SLUICE_INVALID or SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_append(sluice_schedule *schedule,
                                                int device,
                                                sluice_action action,
                                                sluice_diag *why);

/* Free a schedule; NULL is allowed. */
SLUICE_API void sluice_schedule_destroy(sluice_schedule *schedule);

SLUICE_API int sluice_schedule_n_devices(const sluice_schedule *schedule);
SLUICE_API int sluice_schedule_n_stages(const sluice_schedule *schedule);
SLUICE_API int sluice_schedule_n_microbatches(const sluice_schedule *schedule);

SLUICE_API int sluice_schedule_n_copies(const sluice_schedule *schedule);

/* The largest number of UPDATEs of a stage: 1 if the schedule is synchronous, 0
 * if it has forwards only. */
SLUICE_API int sluice_schedule_n_updates(const sluice_schedule *schedule);

/* Whether sends and receives are actions of their own. */
SLUICE_API bool sluice_schedule_is_lowered(const sluice_schedule *schedule);

/* The device that holds `stage`. */
SLUICE_API int sluice_schedule_stage_device(const sluice_schedule *schedule,
                                            int stage);

/* The ordered actions of `device`, owned by the schedule; `*n` their number. */
SLUICE_API const sluice_action *
sluice_schedule_actions(const sluice_schedule *schedule, int device, int *n);

/*
 * Write a schedule as a grid: a row per device, a column per position, cut to
 * `bytes`.
 *
 *     0: 0F0 0F1 0B1 0B0 0UPDATE
 *     1: 1F0 1F1 1B1 1B0 1UPDATE
 *
 * Returns  the characters of the whole grid, the terminating 0 not counted, as
 *          snprintf() does.
 */
SLUICE_API size_t sluice_schedule_format(const sluice_schedule *schedule,
                                         char *text, size_t bytes);

/*
 * The same with a ">" before the action that a refusal of
 * sluice_schedule_verify() names.  As a stage may have several UPDATEs, an
 * UPDATE is found by the refusal's position.  `why` may be NULL.  If there are
 * more than 16 devices or 64 positions, only the 8 devices and 12 positions
 * around the mark are written, with "..." for the rest.
 *
 *     0:     0F0>    0B1     0F1     0B0 0UPDATE
 */
SLUICE_API size_t sluice_schedule_format_marked(const sluice_schedule *schedule,
                                                const sluice_diag *why,
                                                char *text, size_t bytes);

typedef struct sluice_verify_config {
    int queue_capacity; /* items a producer may run ahead; 0:
                           SLUICE_QUEUE_CAPACITY */
    bool forward_only;  /* each (stage, micro-batch) has an F and no more;
                           a stage may have UNSHARD and RESHARD */
    const int64_t *input_bytes; /* [stages]: bytes of a live input of a
                                   micro-batch; NULL: not counted */
    const int64_t *inner_bytes; /* [stages]: bytes of its inner activations;
                                   NULL: not counted */
    int64_t device_bytes;       /* limit of their sum on a device; 0: none */
    const sluice_schedule_edge *edges; /* [n_edges]; NULL: none */
    int n_edges;
} sluice_verify_config;

/*
 * What the verifier finds out about a device.  The input of a stage for a
 * micro-batch is *live* from its F to its last backward action, the B or W,
 * both included.  So are its inner activations; if they are recomputed, they
 * are live from the R on (what the F needs while it runs is not counted).  Both
 * peaks count (stage, micro-batch) pairs.  The peaks `whole_...` count
 * micro-batches of a whole device: a pair counts 1/v, where v stages of its
 * copy of the model are on the device, so that schedules with different numbers
 * of chunks can be compared.  A forward-only schedule keeps nothing: its peaks
 * are 0.
 *
 *     gpipe               peak_activations M          peak_inner the same
 *     gpipe, all remat    M                           1
 *     1f1b on device r    min(M, K - r)               the same
 *
 * In a synchronous schedule there is 1 version and the staleness is 0.
 * pipedream keeps min(M, K - r) versions on device r, and its staleness there
 * is one less.
 */
typedef struct sluice_device_facts {
    int peak_activations;     /* inputs live at once */
    int peak_inner;           /* inner activations live at once */
    double whole_activations; /* the same two in micro-batches */
    double whole_inner;
    int64_t peak_bytes; /* of both together, if the config gives their sizes */
    int peak_versions;  /* largest number of versions of the weights of one of
                           its stages, from the oldest that is still needed to
                           the newest */
    int max_staleness;  /* the largest staleness of its UPDATEs */
    int n_actions;
} sluice_device_facts;

/*
 * Prove that a schedule can run, or say why not.
 *
 * A schedule runs if each device can execute its list in order, where:
 *
 *     - Between stages s and s+1 on different devices there are two queues,
 *       first-in-first-out, of `queue_capacity` items each: activations from s
 *       to s+1, gradients from s+1 to s.  On one device there is none.
 *     - F(s,m) takes the oldest item of the activation queue from s-1, which
 *       must be that of m, waiting while there is none; computes; and appends
 *       to the queue to s+1, waiting while it is full.  An item leaves its
 *       queue when it is taken, at the start of the action.
 *     - B(s,m) and I(s,m) do the same with the gradient queues from s+1 and to
 *       s-1.  Those of the last stage start from the loss of their own F.
 *     - W and R touch no queue.
 *     - S waits for the F of its micro-batch on the last stage; T, and the B or
 *       I of the last stage, for the S of all devices.  There is no queue.
 *     - In a lowered schedule neither do F, B and I: SEND_F(s,m) appends to the
 *       activation queue to s+1, SEND_B(s,m) to the gradient queue to s-1, each
 *       waiting while it is full.  RECV_F(s,m) and RECV_B(s,m) are posted to
 *       the queues from s-1 and s+1 and never wait: the n-th item that is
 *       appended leaves its queue as soon as the n-th RECV has been posted.
 *       F(s,m) waits until the item of its RECV_F is there, B(s,m) and I(s,m)
 *       until that of their RECV_B is.
 *     - An edge from stage s to stage t on another device has two queues of its
 *       own capacity, of activations from s to t and of gradients from t to s.
 *       F(t,m) takes from the first after what it takes from its neighbour, and
 *       F(s,m) appends to it after what it appends for its neighbour; so do the
 *       B or I of s and t with the second.  Also in a lowered schedule it is
 *       the F, B and I that take and append.
 *     - UPDATE waits until every device has done all its backward actions, so
 *       only UPDATEs can follow it.  In an asynchronous schedule it does not
 *       wait.
 *
 * The rules:
 *
 *     complete    every (stage, micro-batch), of the one copy that the
 *                 micro-batch goes through, has one F, and one B or one I and
 *                 one W, on the device that holds the stage, and at most one R;
 *                 every stage has one UPDATE, or several with a gradient
 *                 between each two; no other action is there twice.  If
 *                 lowered, each F, B or I has the RECV of what comes from
 *                 another device and the SEND of what goes to one, and there
 *                 are no others
 *     order       on its device: F before R before B or I before W before
 *                 every UPDATE; F before S before T before every UPDATE, S
 *                 before the B or I of the last stage; of two neighbouring
 *                 stages on one device, the F of the first before that of the
 *                 second, the B or I of the second before that of the first.
 *                 With several copies, UPDATEs come in the order of the parts.
 *                 RECV_F before F before SEND_F; RECV_B before B or I before
 *                 SEND_B
 *     vocabulary  no S and no T; or those of each device's first stage for each
 *                 micro-batch, in the order of the F of the last stage, in a
 *                 synchronous schedule of one copy
 *     shards      the UNSHARDs and RESHARDs of a stage take turns, an UNSHARD
 *                 first, and each F, R, B, I and W of a stage that has some
 *                 stands behind an UNSHARD and before the RESHARD; a
 *                 REDUCE_GRAD stands behind the last B or W of its stage and
 *                 before its UPDATE, and each stage has one, or none has; none
 *                 of them in an asynchronous schedule, no REDUCE_GRAD where
 *                 there are copies
 *     version     in an asynchronous schedule each B or W is followed by an
 *                 UPDATE of its stage, and no UPDATE directly follows another;
 *                 all stages update by the same micro-batches; there is one
 *                 copy.  In every schedule the version that an F names has been
 *                 made before it, and all actions of a micro-batch on a stage
 *                 that name a version name the same one
 *     hand-off    a stage takes activations (gradients) in the order in which
 *                 its neighbour hands them over, also on one device
 *     deadlock    with these queue capacities, edges included, every device
 *                 reaches its end
 *     memory      no device holds more than `device_bytes`; a refusal names the
 *                 first action that exceeds it
 *
 * The text of a refusal begins with the rule.  It names the action, its device
 * and its position in the device's list, counted from 0 (an action that is
 * missing has none), says what the action waits for and what to do.  For a
 * deadlock it names a shortest cycle of devices that wait for each other.
 *
 * Time and memory are linear in the number of actions, the time for each edge.
 *
 * Shapes   facts[n_devices] (may be NULL), written on SLUICE_OK only.
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_SCHEDULE; SLUICE_INVALID for a negative capacity
 *          or size, or one too large, or an edge that cannot be;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_verify(
    const sluice_schedule *schedule, const sluice_verify_config *config,
    sluice_device_facts *facts, sluice_diag *why);

/*
 * The share of K devices' time that is idle in a synchronous pipeline of M
 * micro-batches with equal stages: (K - 1) / (M + K - 1), relative to the
 * makespan (Huang et al., 2019, section 2.3).  NAN if K or M is less than 1.
 */
SLUICE_API double sluice_bubble_formula(int devices, int microbatches);

#ifdef __cplusplus
}
#endif

#endif
