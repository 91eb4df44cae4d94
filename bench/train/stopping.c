/* Signals that end a training.  The main thread. */
#include "bench/train/stopping.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

static volatile sig_atomic_t came; /* the signal; 0: none */
static int heard;                  /* the same when it was last looked at */

static void note(int signal)
{
    came = signal;
}

sluice_status stopping_begin(sluice_diag *why)
{
    static const int signals[] = {SIGINT, SIGTERM};
    struct sigaction action = {
        .sa_handler = note,
        .sa_flags = SA_RESTART | (int)SA_RESETHAND,
    };
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < 2; i++)
        if (sigaction(signals[i], &action, NULL))
            return sluice_diag_set(why, SLUICE_SYSTEM,
                                   "the system refused a handler of signal %d: "
                                   "%s",
                                   signals[i], strerror(errno));
    return SLUICE_OK;
}

bool stopping_share(sluice_world *world, bool *goes_on)
{
    struct {
        int signal;
        bool goes_on;
    } word = {came, *goes_on};
    if (sluice_world_share(world, 0, &word, sizeof word, NULL))
        return false;
    heard = word.signal;
    *goes_on = word.goes_on;
    return true;
}

const char *stopping_signal(void)
{
    if (!heard)
        return NULL;
    return heard == SIGINT ? "SIGINT" : "SIGTERM";
}
