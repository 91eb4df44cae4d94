/* Which tensors decay.  The device that holds the parameters. */
#include "nn/optimizers/decay.h"

#include <string.h>

/* Whether the first n characters of a pattern, of which '*' are any characters,
 * are `name`.  A star first stands for nothing, and for one character more
 * wherever what follows does not fit. */
static bool fits(const char *pattern, size_t n, const char *name)
{
    const char *end = pattern + n, *star = NULL, *from = NULL;
    while (*name) {
        if (pattern < end && *pattern == '*') {
            star = ++pattern;
            from = name;
        } else if (pattern < end && *pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star;
            name = ++from;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}

/* Whether one of the patterns between "+" does. */
static bool names(const char *patterns, const char *name)
{
    size_t left = strnlen(patterns, SLUICE_DECAY_PATTERN);
    for (;;) {
        const char *plus = memchr(patterns, '+', left);
        size_t n = plus ? (size_t)(plus - patterns) : left;
        if (fits(patterns, n, name))
            return true;
        if (!plus)
            return false;
        patterns += n + 1;
        left -= n + 1;
    }
}

double sl_decay_of(const sluice_optimizer_call *call, struct sl_decay decay)
{
    bool decays = decay.only[0] ? names(decay.only, call->name)
                                : decay.all || call->shape->n_dims >= 2;
    return decays ? decay.weight_decay : 0;
}

sluice_status sl_decay_check(const char *optimizer, struct sl_decay decay,
                             sluice_diag *why)
{
    if (!decay.all || !decay.only[0])
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s: decay-all and decay-only %.*s: give one of "
                           "them",
                           optimizer, SLUICE_DECAY_PATTERN - 1, decay.only);
}
