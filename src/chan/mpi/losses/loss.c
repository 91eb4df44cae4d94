/* Losses; any thread, under the lock of the control. */
#include "chan/mpi/losses/loss.h"

#include "base/clock.h"

/* How long a letter is looked for: by the clock, and in looks, for this process
 * may have been off its core all the time. */
enum {
    GRACE_NS = 100 * 1000 * 1000,
    GRACE_LOOKS = 16,
};

static void tell_all_locked(struct sl_control *control)
{
    struct sl_letter letter = sl_control_letter(control, SL_LOST);
    letter.why = control->loss;
    for (int to = 0; to < control->n_ranks; to++)
        if (to != control->rank && to != control->loss.process)
            sl_post_send(control->post, to, &letter);
}

void sl_lose_locked(struct sl_control *control, const sluice_diag *why)
{
    struct sl_control_hooks *hooks = &control->hooks;
    if (atomic_load(&control->lost))
        return;
    control->loss = *why;
    atomic_store(&control->lost, true);
    tell_all_locked(control);
    sl_control_stop_locked(control);
    if (control->running && hooks->close &&
        atomic_load(&control->verdict) == SL_COMMITTED)
        hooks->close(hooks->context);
}

/* Whose end was seen; else it is known from MPI alone. */
static void name_suspect_locked(struct sl_control *control)
{
    if (control->suspects)
        return;
    sluice_diag_set(&control->suspect, SLUICE_SYSTEM,
                    "MPI reported an error to process %d: the connection to "
                    "another process is lost",
                    control->rank);
}

void sl_loss_look_locked(struct sl_control *control)
{
    sluice_diag why;
    if (atomic_load(&control->lost))
        return;
    int64_t now = sl_now_ns();
    bool seen = sl_lifeline_look(control->lifeline, &why);
    if (seen && !control->suspects) {
        control->suspects = true;
        control->suspect = why;
    }
    if (!control->suspected_ns && (seen || sl_wire_is_broken(control->wire)))
        control->suspected_ns = now;
    if (!control->suspected_ns || ++control->n_looks < GRACE_LOOKS ||
        now - control->suspected_ns < GRACE_NS)
        return;
    name_suspect_locked(control);
    sl_lose_locked(control, &control->suspect);
}
