/* Decisions; any thread, under the lock of the control. */
#include "chan/mpi/coordinator.h"

#include <string.h>

struct sl_letter sl_control_letter(const struct sl_control *control,
                                   enum sl_letter_kind kind)
{
    struct sl_letter letter;
    memset(&letter, 0, sizeof letter); /* padding is sent, too */
    letter.kind = kind;
    letter.epoch = control->epoch;
    letter.from = control->rank;
    return letter;
}

/* A device that sees the verdict relies on what the hook has done. */
void sl_control_obey_locked(struct sl_control *control,
                            const struct sl_letter *letter)
{
    struct sl_control_hooks *hooks = &control->hooks;
    if (letter->kind != SL_MISS && letter->why.status && !control->failed) {
        control->failed = true;
        control->first = letter->why;
    }
    switch (letter->kind) {
    case SL_COMMIT:
        atomic_store(&control->latest_ns, letter->virtual_ns);
        if (hooks->commit)
            hooks->commit(hooks->context);
        atomic_store(&control->verdict, SL_COMMITTED);
        break;
    case SL_STOP:
        if (hooks->stop)
            hooks->stop(hooks->context, &letter->why);
        atomic_store(&control->verdict, SL_STOPPED);
        break;
    case SL_MISS:
        control->loss = letter->why;
        atomic_store(&control->missing, true);
        break;
    default:
        atomic_store(&control->ended, true);
    }
}

void sl_control_stop_locked(struct sl_control *control)
{
    struct sl_control_hooks *hooks = &control->hooks;
    if (control->running && hooks->stop &&
        atomic_load(&control->verdict) == SL_UNDECIDED)
        hooks->stop(hooks->context, &control->loss);
}

static void decide_locked(struct sl_control *control, struct sl_letter letter)
{
    letter.from = control->rank;
    for (int to = 0; to < control->n_ranks; to++)
        if (to != control->rank)
            sl_post_send(control->post, to, &letter);
    sl_control_obey_locked(control, &letter);
}

/* Process 0 ends the epoch, if no process is still at work. */
static void end_locked(struct sl_control *control)
{
    struct sl_letter end = sl_control_letter(control, SL_END);
    if (control->failed)
        end.why = control->first;
    if (control->n_done + control->n_missing == control->n_ranks)
        decide_locked(control, end);
}

void sl_coordinate_locked(struct sl_control *control,
                          const struct sl_letter *letter)
{
    struct sl_letter decision = sl_control_letter(control, SL_COMMIT);
    int verdict = atomic_load(&control->verdict);
    switch (letter->kind) {
    case SL_VOTE:
        if (control->n_votes == 0 || letter->virtual_ns > control->voted_ns)
            control->voted_ns = letter->virtual_ns;
        decision.virtual_ns = control->voted_ns;
        if (++control->n_votes == control->n_ranks && verdict == SL_UNDECIDED)
            decide_locked(control, decision);
        break;
    case SL_FAIL:
        decision.kind = SL_STOP;
        decision.why = letter->why;
        /* Behind END others have left, as if nothing had failed. */
        if (verdict == SL_UNDECIDED && !atomic_load(&control->ended))
            decide_locked(control, decision);
        break;
    default:
        control->n_done++;
        end_locked(control);
    }
}

void sl_announce_locked(struct sl_control *control)
{
    struct sl_letter letter = sl_control_letter(control, SL_MISS);
    letter.why = control->loss;
    decide_locked(control, letter);
    letter.kind = SL_STOP;
    if (atomic_load(&control->verdict) == SL_UNDECIDED)
        decide_locked(control, letter);
    control->n_missing++;
    end_locked(control);
}
