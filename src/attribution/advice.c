/* What to change.  Any thread. */
#include "attribution/advice.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A gain of less is not worth a word, a bubble nearer to the formula not worth
 * a search. */
static const double threshold = 0.01;

enum { PAPER_RULE = 4 }; /* the bubble is negligible if M >= 4 K */

/* A share as text, in percent with a decimal, whatever the locale. */
struct percent {
    char text[32];
};

static struct percent percent(double share)
{
    struct percent p;
    long tenths = lround(share * 1000);
    snprintf(p.text, sizeof p.text, "%ld.%ld %%", tenths / 10, tenths % 10);
    return p;
}

static double share(const struct sl_observations *found,
                    sluice_idle_cause cause)
{
    return found->mean_cause_ns[cause] / found->step_ns;
}

bool sl_is_worth(const struct sl_observations *found, double ns)
{
    return found->step_ns > 0 && ns >= threshold * found->step_ns;
}

static bool near_formula(const struct sl_observations *found)
{
    return found->excess <= threshold;
}

/* The share of the step that is saved by simulated makespan `to_ns` in place of
 * `from_ns`. */
static double saved(const struct sl_observations *found, int64_t from_ns,
                    int64_t to_ns)
{
    if (!from_ns || !to_ns)
        return 0;
    return (double)(from_ns - to_ns) / found->step_ns;
}

static double cut_gain(const struct sl_observations *found)
{
    if (near_formula(found))
        return 0;
    return fmin(saved(found, found->as_is_ns, found->even_ns),
                share(found, SLUICE_IDLE_IMBALANCE));
}

int sl_more_batches(int devices, int microbatches)
{
    int rule = PAPER_RULE * devices;
    return 2 * microbatches > rule ? 2 * microbatches : rule;
}

static int more_batches(const struct sl_observations *found)
{
    return sl_more_batches(found->n_devices, found->n_microbatches);
}

static double more_gain(const struct sl_observations *found)
{
    bool enough = found->n_microbatches >= PAPER_RULE * found->n_devices;
    if (found->n_microbatches < 1 || (near_formula(found) && enough))
        return 0;
    return fmin(saved(found, found->as_is_ns, found->more_ns),
                share(found, SLUICE_IDLE_FILL) +
                    share(found, SLUICE_IDLE_DRAIN));
}

static double fewer_gain(const struct sl_observations *found)
{
    if (near_formula(found) || found->n_microbatches < 2)
        return 0;
    return fmin(saved(found, found->as_is_ns, found->fewer_ns),
                share(found, SLUICE_IDLE_HAND_OFF));
}

static double capacity_gain(const struct sl_observations *found)
{
    if (near_formula(found))
        return 0;
    return saved(found, found->again_ns, found->roomy_ns);
}

static double own_gain(const struct sl_observations *found)
{
    return saved(found, found->again_ns, found->own_ns);
}

static double joint_gain(const struct sl_observations *found)
{
    return fmin(saved(found, found->as_is_ns, found->joint_ns),
                share(found, SLUICE_IDLE_PREEMPTION) +
                    share(found, SLUICE_IDLE_HAND_OFF));
}

static double cores_gain(const struct sl_observations *found)
{
    return fmax(own_gain(found), joint_gain(found));
}

static void say_cut(const struct sl_observations *found, sluice_advice *a)
{
    double over = found->slowest_ns / found->mean_ns - 1;
    snprintf(a->text, sizeof a->text,
             "Cut the model more evenly: device %d computes %s longer than the "
             "mean of all, and with equal stages a step would take %s less "
             "time.",
             found->slowest, percent(over).text, percent(a->gain).text);
}

static void say_more(const struct sl_observations *found, sluice_advice *a)
{
    double bubble =
        share(found, SLUICE_IDLE_FILL) + share(found, SLUICE_IDLE_DRAIN);
    snprintf(a->text, sizeof a->text,
             "Use more micro-batches: fill and drain are %s of the time, and "
             "with M = %d instead of %d a step would take %s less.",
             percent(bubble).text, more_batches(found), found->n_microbatches,
             percent(a->gain).text);
}

static void say_fewer(const struct sl_observations *found, sluice_advice *a)
{
    snprintf(a->text, sizeof a->text,
             "Use fewer, larger micro-batches: hand-offs are %s of the time, "
             "and with M = %d instead of %d a step would take %s less.",
             percent(share(found, SLUICE_IDLE_HAND_OFF)).text,
             found->n_microbatches / 2, found->n_microbatches,
             percent(a->gain).text);
}

static void say_capacity(const struct sl_observations *found, sluice_advice *a)
{
    snprintf(a->text, sizeof a->text,
             "Give the queues more capacity: with %d places instead of %d a "
             "step would take %s less time.",
             found->more_capacity, found->capacity, percent(a->gain).text);
}

__attribute__((format(printf, 2, 3))) static void
append(sluice_advice *a, const char *format, ...)
{
    size_t n = strlen(a->text);
    va_list args;
    va_start(args, format);
    vsnprintf(a->text + n, sizeof a->text - n, format, args);
    va_end(args);
}

/* Not every machine has the cores; fewer devices are always to be had. */
static void say_cores(const struct sl_observations *found, sluice_advice *a)
{
    bool own = own_gain(found) >= threshold;
    append(a,
           "End other programs or use fewer devices: actions are off their "
           "core %s of the time, hand-offs take %s; a step would take ",
           percent(share(found, SLUICE_IDLE_PREEMPTION)).text,
           percent(share(found, SLUICE_IDLE_HAND_OFF)).text);
    if (own)
        append(a, "%s less with a core for each device",
               percent(own_gain(found)).text);
    if (joint_gain(found) >= threshold)
        append(a, "%s%s less with %d of the %d devices%s", own ? ", or " : "",
               percent(joint_gain(found)).text, found->n_cores,
               found->n_devices,
               found->n_replicas > 1 ? " in each replica" : "");
    append(a, ".");
}

static const struct remedy {
    double (*gain)(const struct sl_observations *found);
    void (*say)(const struct sl_observations *found, sluice_advice *advice);
} remedies[] = {
    [SLUICE_ADVISE_CUT] = {cut_gain, say_cut},
    [SLUICE_ADVISE_MORE_BATCHES] = {more_gain, say_more},
    [SLUICE_ADVISE_FEWER_BATCHES] = {fewer_gain, say_fewer},
    [SLUICE_ADVISE_CAPACITY] = {capacity_gain, say_capacity},
    [SLUICE_ADVISE_CORES] = {cores_gain, say_cores},
};

void sl_advise(const struct sl_observations *found, sluice_advice *advice)
{
    *advice = (sluice_advice){.kind = SLUICE_ADVISE_NOTHING};
    for (int r = SLUICE_ADVISE_CUT; r <= SLUICE_ADVISE_CORES; r++) {
        double gain = found->step_ns > 0 ? remedies[r].gain(found) : 0;
        if (gain >= threshold && gain > advice->gain) {
            advice->kind = (sluice_advice_kind)r;
            advice->gain = gain;
        }
    }
    if (advice->kind)
        remedies[advice->kind].say(found, advice);
    else
        snprintf(advice->text, sizeof advice->text, "%s",
                 near_formula(found)
                     ? "Nothing to change: the bubble is within a percentage "
                       "point of the formula."
                     : "Nothing to change: no single remedy would save a "
                       "percent of the step.");
}
