/* Actions as text, as PyTorch's pipelining writes them; R, S, T and UPDATE are
 * ours.
 */
#include <sluice/schedule.h>

#include <stdio.h>
#include <string.h>

#include "sched/schedule.h"

static const char *const names[] = {
    [SLUICE_F] = "F",
    [SLUICE_B] = "B",
    [SLUICE_I] = "I",
    [SLUICE_W] = "W",
    [SLUICE_R] = "R",
    [SLUICE_S] = "S",
    [SLUICE_T] = "T",
    [SLUICE_UPDATE] = "UPDATE",
    [SLUICE_SEND_F] = "SEND_F",
    [SLUICE_RECV_F] = "RECV_F",
    [SLUICE_SEND_B] = "SEND_B",
    [SLUICE_RECV_B] = "RECV_B",
    [SLUICE_REDUCE_GRAD] = "REDUCE_GRAD",
    [SLUICE_UNSHARD] = "UNSHARD",
    [SLUICE_RESHARD] = "RESHARD",
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

/* Take a number of at most nine digits; -1 if there is none. */
static int32_t take_number(const char **at)
{
    int32_t n = 0;
    const char *start = *at;
    for (; **at >= '0' && **at <= '9' && *at - start < 9; ++*at)
        n = n * 10 + (**at - '0');
    return *at > start ? n : -1;
}

/* Take capitals and underscores, all of them: a name of `names`, or -1. */
static int take_kind(const char **at)
{
    size_t n = strspn(*at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++)
        if (strlen(names[kind]) == n && !memcmp(names[kind], *at, n)) {
            *at += n;
            return kind;
        }
    return -1;
}

bool sl_action_parse(const char *text, sluice_action *action)
{
    sluice_action read = {.microbatch = -1};
    read.stage = take_number(&text);
    read.kind = read.stage < 0 ? -1 : take_kind(&text);
    if (read.kind < 0)
        return false;
    if (!sl_is_of_stage(read)) {
        read.microbatch = take_number(&text);
        if (read.microbatch < 0)
            return false;
    }
    if (*text == '@') {
        text++;
        read.version = take_number(&text);
        if (read.version < 1)
            return false;
    }
    *action = read;
    return !*text;
}
