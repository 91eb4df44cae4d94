/* Actions as text, as PyTorch's pipelining writes them; R and UPDATE are ours.
 */
#include <sluice/schedule.h>

#include <stdio.h>

static const char *const names[] = {
    [SLUICE_F] = "F",
    [SLUICE_B] = "B",
    [SLUICE_I] = "I",
    [SLUICE_W] = "W",
    [SLUICE_R] = "R",
    [SLUICE_UPDATE] = "UPDATE",
    [SLUICE_REDUCE_GRAD] = "REDUCE_GRAD",
};

const char *sluice_action_format(sluice_action action, char *text, size_t bytes)
{
    unsigned kind = (unsigned)action.kind;
    const char *name = kind < sizeof names / sizeof *names ? names[kind] : "?";
    if (action.microbatch < 0)
        snprintf(text, bytes, "%d%s", action.stage, name);
    else
        snprintf(text, bytes, "%d%s%d", action.stage, name, action.microbatch);
    return text;
}
