/* What to change.  Any thread. */
#include "report/advice.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

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

static double share(const struct sl_findings *found, sluice_idle_cause cause)
{
    return found->mean_cause_ns[cause] / found->step_ns;
}

static bool near_formula(const struct sl_findings *found)
{
    return found->excess <= threshold;
}

/* The share of the step that a simulated makespan would save. */
static double simulated_gain(const struct sl_findings *found, int64_t other_ns)
{
    if (!found->as_is_ns || !other_ns)
        return 0;
    return (double)(found->as_is_ns - other_ns) / found->step_ns;
}

static double cut_gain(const struct sl_findings *found)
{
    if (near_formula(found))
        return 0;
    return fmin(simulated_gain(found, found->even_ns),
                share(found, SLUICE_IDLE_IMBALANCE));
}

int sl_more_batches(int devices, int microbatches)
{
    int rule = PAPER_RULE * devices;
    return 2 * microbatches > rule ? 2 * microbatches : rule;
}

static int more_batches(const struct sl_findings *found)
{
    return sl_more_batches(found->n_devices, found->n_microbatches);
}

static double more_gain(const struct sl_findings *found)
{
    bool enough = found->n_microbatches >= PAPER_RULE * found->n_devices;
    if (found->n_microbatches < 1 || (near_formula(found) && enough))
        return 0;
    return fmin(simulated_gain(found, found->more_ns),
                share(found, SLUICE_IDLE_FILL) +
                    share(found, SLUICE_IDLE_DRAIN));
}

static double fewer_gain(const struct sl_findings *found)
{
    if (near_formula(found) || found->n_microbatches < 2)
        return 0;
    return fmin(simulated_gain(found, found->fewer_ns),
                share(found, SLUICE_IDLE_HAND_OFF));
}

static double capacity_gain(const struct sl_findings *found)
{
    return near_formula(found) ? 0 : found->fullest_ns / found->step_ns;
}

static double cores_gain(const struct sl_findings *found)
{
    return share(found, SLUICE_IDLE_PREEMPTION);
}

static void say_cut(const struct sl_findings *found, sluice_advice *a)
{
    double over = found->slowest_ns / found->mean_ns - 1;
    snprintf(a->text, sizeof a->text,
             "Cut the model more evenly: device %d computes %s longer than the "
             "mean of all, and with equal stages a step would take %s less "
             "time.",
             found->slowest, percent(over).text, percent(a->gain).text);
}

static void say_more(const struct sl_findings *found, sluice_advice *a)
{
    double bubble =
        share(found, SLUICE_IDLE_FILL) + share(found, SLUICE_IDLE_DRAIN);
    snprintf(a->text, sizeof a->text,
             "Use more micro-batches: fill and drain are %s of the time, and "
             "with M = %d instead of %d a step would take %s less.",
             percent(bubble).text, more_batches(found), found->n_microbatches,
             percent(a->gain).text);
}

static void say_fewer(const struct sl_findings *found, sluice_advice *a)
{
    snprintf(a->text, sizeof a->text,
             "Use fewer, larger micro-batches: hand-offs are %s of the time, "
             "and with M = %d instead of %d a step would take %s less.",
             percent(share(found, SLUICE_IDLE_HAND_OFF)).text,
             found->n_microbatches / 2, found->n_microbatches,
             percent(a->gain).text);
}

static void say_capacity(const struct sl_findings *found, sluice_advice *a)
{
    (void)found;
    snprintf(a->text, sizeof a->text,
             "Give the queues more capacity: without waiting for room a step "
             "would take up to %s less time.",
             percent(a->gain).text);
}

static void say_cores(const struct sl_findings *found, sluice_advice *a)
{
    snprintf(a->text, sizeof a->text,
             "Give each of the %d devices a core to itself, by ending other "
             "programs or using fewer devices: actions are off their core %s "
             "of the time, and a step would take up to that much less.",
             found->n_devices, percent(a->gain).text);
}

static const struct remedy {
    double (*gain)(const struct sl_findings *found);
    void (*say)(const struct sl_findings *found, sluice_advice *advice);
} remedies[] = {
    [SLUICE_ADVISE_CUT] = {cut_gain, say_cut},
    [SLUICE_ADVISE_MORE_BATCHES] = {more_gain, say_more},
    [SLUICE_ADVISE_FEWER_BATCHES] = {fewer_gain, say_fewer},
    [SLUICE_ADVISE_CAPACITY] = {capacity_gain, say_capacity},
    [SLUICE_ADVISE_CORES] = {cores_gain, say_cores},
};

void sl_advise(const struct sl_findings *found, sluice_advice *advice)
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
