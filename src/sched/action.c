/* Actions as text, as PyTorch's pipelining writes them; R and UPDATE are ours.
 */
#include <sluice/schedule.h>

#include <stdio.h>

static const char *const names[SLUICE_N_ACTION_KINDS] = {
    [SLUICE_F] = "F", [SLUICE_B] = "B", [SLUICE_I] = "I",
    [SLUICE_W] = "W", [SLUICE_R] = "R", [SLUICE_UPDATE] = "UPDATE",
};

const char *sluice_action_format(sluice_action action, char *text, size_t bytes)
{
    unsigned kind = (unsigned)action.kind;
    const char *name = kind < SLUICE_N_ACTION_KINDS ? names[kind] : "?";
    if (action.kind == SLUICE_UPDATE)
        snprintf(text, bytes, "%d%s", action.stage, name);
    else
        snprintf(text, bytes, "%d%s%d", action.stage, name, action.microbatch);
    return text;
}
