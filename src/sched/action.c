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
    [SLUICE_SEND_F] = "SEND_F",
    [SLUICE_RECV_F] = "RECV_F",
    [SLUICE_SEND_B] = "SEND_B",
    [SLUICE_RECV_B] = "RECV_B",
    [SLUICE_REDUCE_GRAD] = "REDUCE_GRAD",
};

const char *sluice_action_format(sluice_action action, char *text, size_t bytes)
{
    unsigned kind = (unsigned)action.kind;
    const char *name = kind < sizeof names / sizeof *names ? names[kind] : "?";
    char microbatch[12] = "";
    char version[13] = "";
    if (action.microbatch >= 0)
        snprintf(microbatch, sizeof microbatch, "%d", action.microbatch);
    if (action.version)
        snprintf(version, sizeof version, "@%d", action.version);
    snprintf(text, bytes, "%d%s%s%s", action.stage, name, microbatch, version);
    return text;
}
