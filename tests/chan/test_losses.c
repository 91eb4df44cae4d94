/*
 * What a process does about a verdict, and when another one ends: the order of
 * what it sees and of what it is told is forced, by a wire and lifelines of the
 * test's own.  One thread; process 1 of four, or 0, which decides.
 */
#include "chan/mpi/control.h"

#include <errno.h>
#include <string.h>

#include "support/runner.h"

enum { SELF = 1, RANKS = 4, MOST = 16, NONE = -1 };

enum direction { RECEIVED = 1, SENT };

struct sl_wire {
    struct sl_letter in[MOST]; /* what comes next */
    int n_in, n_taken;
    struct sl_letter out[MOST];
    int to[MOST];
    int n_out;
    bool stuck; /* no letter leaves */
    void *room; /* where the next letter is to lie */
};

static struct sl_wire wire;
static int self;
static int ended; /* the process whose end is seen; NONE */
static int n_seen_stuck;
static struct sl_control *watched;
static int n_committed, n_stopped, n_closed;
static enum sl_verdict seen; /* by another thread, during a hook */

int sl_wire_rank(const struct sl_wire *is)
{
    (void)is;
    return self;
}

int sl_wire_n_ranks(const struct sl_wire *is)
{
    (void)is;
    return RANKS;
}

bool sl_wire_is_broken(const struct sl_wire *is)
{
    (void)is;
    return false;
}

void sl_wire_send(struct sl_wire *is, enum sl_lane lane, int to, int tag,
                  const void *buffer, size_t bytes,
                  struct sl_transfer *transfer)
{
    (void)lane;
    (void)tag;
    ck_assert_int_lt(is->n_out, MOST);
    memcpy(&is->out[is->n_out], buffer, bytes);
    is->to[is->n_out++] = to;
    *transfer = (struct sl_transfer){SENT, bytes, true};
}

void sl_wire_receive(struct sl_wire *is, enum sl_lane lane, int from, int tag,
                     void *buffer, size_t bytes, struct sl_transfer *transfer)
{
    (void)lane;
    (void)from;
    (void)tag;
    is->room = buffer;
    *transfer = (struct sl_transfer){RECEIVED, bytes, true};
}

bool sl_wire_done(struct sl_wire *is, struct sl_transfer *transfer)
{
    if (!transfer->under_way)
        return true;
    if (transfer->request == SENT ? is->stuck : is->n_taken == is->n_in)
        return false;
    if (transfer->request == RECEIVED)
        memcpy(is->room, &is->in[is->n_taken++], sizeof *is->in);
    transfer->under_way = false;
    return true;
}

void sl_wire_cancel(struct sl_wire *is, struct sl_transfer *transfer)
{
    (void)is;
    transfer->under_way = false;
}

sluice_status sl_lifeline_create(int n, const sluice_allocator *allocator,
                                 struct sl_lifeline **out)
{
    (void)n;
    (void)allocator;
    *out = NULL;
    return SLUICE_OK;
}

void sl_lifeline_introduce(struct sl_lifeline *lifeline, struct sl_wire *is)
{
    (void)lifeline;
    (void)is;
}

void sl_lifeline_destroy(struct sl_lifeline *lifeline)
{
    (void)lifeline;
}

static sluice_diag end_of(int process)
{
    sluice_diag why;
    sluice_diag_set(&why, SLUICE_SYSTEM, "process %d has ended", process);
    why.process = process;
    return why;
}

bool sl_lifeline_look(struct sl_lifeline *lifeline, sluice_diag *why)
{
    (void)lifeline;
    n_seen_stuck += wire.stuck;
    if (ended == NONE)
        return false;
    *why = end_of(ended);
    return true;
}

static void stop(void *context, const sluice_diag *why)
{
    (void)context;
    (void)why;
    n_stopped++;
    seen = sl_control_verdict(watched);
}

static void commit(void *context)
{
    (void)context;
    n_committed++;
    seen = sl_control_verdict(watched);
}

static void close_all(void *context)
{
    (void)context;
    n_closed++;
}

static const struct sl_control_hooks hooks = {commit, stop, close_all, NULL};

static struct sl_control *begin_as(int process,
                                   const struct sl_control_hooks *about)
{
    struct sl_control *control;
    self = process;
    wire = (struct sl_wire){.stuck = false};
    ended = NONE;
    n_committed = n_stopped = n_closed = n_seen_stuck = 0;
    ck_assert_int_eq(sl_control_create(&wire, NULL, &control), SLUICE_OK);
    watched = control;
    sl_control_begin(control, about);
    return control;
}

static struct sl_control *begin(void)
{
    return begin_as(SELF, &hooks);
}

static void arrive(enum sl_letter_kind kind, int from, int about)
{
    struct sl_letter *letter = &wire.in[wire.n_in++];
    memset(letter, 0, sizeof *letter);
    letter->kind = kind;
    letter->epoch = 1;
    letter->from = from;
    if (kind == SL_LOST)
        letter->why = end_of(about);
}

static int named(struct sl_control *control)
{
    sluice_diag why;
    while (!sl_control_is_over(control))
        sl_control_look(control);
    ck_assert_int_eq(sl_control_loss(control, &why), SLUICE_SYSTEM);
    return why.process;
}

/* Process 0 has lost process 2, has told so, and has ended. */
START_TEST(a_letter_about_the_first_end_counts_more_than_a_later_end_seen)
{
    struct sl_control *control = begin();
    ended = 0;
    sl_control_look(control);
    ck_assert(!sl_control_is_over(control));
    arrive(SL_LOST, 0, 2);
    ck_assert_int_eq(named(control), 2);
    arrive(SL_LOST, 3, 0);
    sl_control_look(control);
    ck_assert_int_eq(named(control), 2);
    sl_control_destroy(control);
}
END_TEST

START_TEST(without_a_letter_the_end_that_was_seen_first_is_named)
{
    struct sl_control *control = begin();
    ended = 2;
    sl_control_look(control);
    ended = 0;
    ck_assert_int_eq(named(control), 2);
    sl_control_destroy(control);
}
END_TEST

START_TEST(all_but_the_lost_one_are_told_once)
{
    struct sl_control *control = begin();
    ended = 2;
    named(control);
    sl_control_look(control);
    ck_assert_int_eq(wire.n_out, 2);
    ck_assert_int_eq(wire.to[0], 0);
    ck_assert_int_eq(wire.to[1], 3);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(wire.out[i].kind, SL_LOST);
        ck_assert_int_eq(wire.out[i].why.process, 2);
    }
    sl_control_destroy(control);
}
END_TEST

/* A device that saw COMMIT before would find nothing committed, and leave
 * without its update. */
START_TEST(a_verdict_is_seen_when_its_hook_has_run)
{
    static const enum sl_letter_kind kinds[] = {SL_COMMIT, SL_STOP};
    static const enum sl_verdict verdicts[] = {SL_COMMITTED, SL_STOPPED};
    for (int i = 0; i < 2; i++) {
        struct sl_control *control = begin();
        seen = verdicts[i];
        arrive(kinds[i], 0, NONE);
        sl_control_look(control);
        ck_assert_int_eq(n_committed, i == 0);
        ck_assert_int_eq(n_stopped, i == 1);
        ck_assert_int_eq(seen, SL_UNDECIDED);
        ck_assert_int_eq(sl_control_verdict(control), verdicts[i]);
        sl_control_destroy(control);
    }
}
END_TEST

static void stop_locked(void *context, const sluice_diag *why)
{
    ck_assert_int_eq(why->process, SELF);
    ck_assert_int_eq(pthread_mutex_trylock(&watched->mu), EBUSY);
    ++*(int *)context;
}

/* Between the two, the epoch could have ended, and another one begun: it would
 * stop here, and nobody would have been told. */
START_TEST(what_fails_stops_before_another_epoch_can_begin)
{
    sluice_diag why = end_of(SELF);
    int n = 0, n_other = 0;
    struct sl_control_hooks of_n = hooks;
    of_n.context = &n;
    struct sl_control *control = begin_as(SELF, &of_n);
    sl_control_fail(control, &why, stop_locked, &n_other); /* another's */
    ck_assert_int_eq(n_other, 1);
    ck_assert_int_eq(wire.n_out, 0);
    sl_control_fail(control, &why, stop_locked, &n);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(wire.n_out, 1);
    sl_control_vote(control, 0);
    sl_control_fail(control, &why, stop_locked, &n); /* process 0 decides */
    ck_assert_int_eq(n, 1);
    sl_control_destroy(control);
}
END_TEST

/* Process 0 has room for one in each epoch that it has not begun itself. */
START_TEST(a_process_fails_once_in_an_epoch)
{
    sluice_diag why = end_of(SELF);
    int n = 0;
    struct sl_control_hooks of_n = hooks;
    of_n.context = &n;
    struct sl_control *control = begin_as(SELF, &of_n);
    for (int i = 0; i < MOST; i++)
        sl_control_fail(control, &why, stop_locked, &n);
    ck_assert_int_eq(n, MOST); /* a latch takes the first */
    ck_assert_int_eq(wire.n_out, 1);
    arrive(SL_END, 0, NONE);
    ck_assert_int_eq(sl_control_finish(control, NULL), SLUICE_OK);
    sl_control_begin(control, &of_n);
    sl_control_fail(control, &why, stop_locked, &n);
    ck_assert_int_eq(wire.n_out, 3);
    ck_assert_int_eq(wire.out[1].kind, SL_DONE);
    ck_assert_int_eq(wire.out[2].kind, SL_FAIL);
    sl_control_destroy(control);
}
END_TEST

/* Process 3 is cancelled behind its last action, and does not know yet that all
 * are done: the others may have left already. */
START_TEST(what_fails_behind_the_end_stops_no_other_process)
{
    struct sl_control *control = begin_as(0, &hooks);
    sluice_diag why;
    for (int from = 1; from < RANKS; from++)
        arrive(SL_DONE, from, NONE);
    arrive(SL_FAIL, 3, NONE);
    ck_assert_int_eq(sl_control_finish(control, &why), SLUICE_OK);
    ck_assert_int_eq(n_stopped, 0);
    ck_assert_int_eq(wire.n_out, RANKS - 1);
    for (int i = 0; i < wire.n_out; i++)
        ck_assert_int_eq(wire.out[i].kind, SL_END);
    sl_control_destroy(control);
}
END_TEST

/* A cancellation while callers agree on something, such as a checkpoint. */
START_TEST(what_fails_on_a_device_is_no_failure_of_what_callers_agree_on)
{
    struct sl_control *control = begin_as(SELF, NULL);
    sluice_diag why = end_of(SELF);
    int n = 0;
    sl_control_fail(control, &why, stop_locked, &n);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(wire.n_out, 0);
    sl_control_fail(control, &why, NULL, NULL); /* a caller's */
    ck_assert_int_eq(wire.n_out, 1);
    sl_control_destroy(control);
}
END_TEST

START_TEST(a_loss_before_the_verdict_stops)
{
    struct sl_control *control = begin();
    arrive(SL_LOST, 0, 2);
    sl_control_look(control);
    arrive(SL_COMMIT, 0, NONE); /* it was on its way */
    sl_control_look(control);
    ck_assert_int_eq(n_stopped, 1);
    ck_assert_int_eq(n_closed, 0);
    sl_control_destroy(control);
}
END_TEST

START_TEST(a_loss_behind_the_commit_closes_what_waits)
{
    struct sl_control *control = begin();
    sluice_diag why;
    sl_control_vote(control, 0);
    arrive(SL_COMMIT, 0, NONE);
    sl_control_look(control);
    arrive(SL_LOST, 0, 2);
    sl_control_look(control);
    ck_assert_int_eq(n_stopped, 0);
    ck_assert_int_eq(n_closed, 1);
    ck_assert_int_eq(sl_control_finish(control, &why), SLUICE_SYSTEM);
    ck_assert_int_eq(why.process, 2);
    sl_control_destroy(control);
}
END_TEST

/* Process 0 takes no letters any more: those before fill the post. */
START_TEST(a_letter_that_cannot_leave_is_not_waited_for_once_one_has_ended)
{
    struct sl_control *control = begin();
    wire.stuck = true;
    ended = 0;
    for (int i = 0; i < MOST; i++)
        sl_control_vote(control, 0);
    ck_assert_int_lt(wire.n_out, MOST);
    ck_assert_int_gt(n_seen_stuck, 0);
    ck_assert_int_eq(named(control), 0);
    wire.stuck = false;
    sl_control_destroy(control);
}
END_TEST

SLUICE_TEST_MAIN(
    "losses", a_letter_about_the_first_end_counts_more_than_a_later_end_seen,
    without_a_letter_the_end_that_was_seen_first_is_named,
    all_but_the_lost_one_are_told_once, a_verdict_is_seen_when_its_hook_has_run,
    what_fails_stops_before_another_epoch_can_begin,
    a_process_fails_once_in_an_epoch,
    what_fails_behind_the_end_stops_no_other_process,
    what_fails_on_a_device_is_no_failure_of_what_callers_agree_on,
    a_loss_before_the_verdict_stops, a_loss_behind_the_commit_closes_what_waits,
    a_letter_that_cannot_leave_is_not_waited_for_once_one_has_ended)
