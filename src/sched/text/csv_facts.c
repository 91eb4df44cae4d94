/* What the text of a CSV tells as a whole. */
#include "sched/text/csv_facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sched/schedule.h"

/* Of the old dialect are files with a BW; and files without I in which W's go
 * with more than half of the B's: one W is a slip, not a dialect. */
static bool looks_old(const struct sl_csv_seen *seen)
{
    return seen[SL_CSV_BW].n > 0 ||
           (!seen[SL_CSV_I].n && 2 * seen[SL_CSV_W].n > seen[SL_CSV_B].n);
}

sluice_status sl_csv_settle_dialect(struct sl_csv_facts *facts,
                                    sluice_csv_dialect dialect,
                                    sluice_diag *why)
{
    const struct sl_csv_seen *input = &facts->seen[SL_CSV_I];
    const struct sl_csv_seen *full = &facts->seen[SL_CSV_BW];
    facts->old = dialect == SLUICE_CSV_DETECT ? looks_old(facts->seen)
                                              : dialect == SLUICE_CSV_OLD;
    const struct sl_csv_seen *wrong = facts->old ? input : full;
    if (!wrong->n)
        return SLUICE_OK;
    if (full->n && input->n)
        return sluice_diag_set(
            why, SLUICE_FORMAT,
            "%s at position %d of device %d is an input gradient of the new "
            "dialect, %s at position %d of device %d a full backward of the "
            "old one: write I, W and B, or B, W and BW",
            input->cell, input->position, input->device, full->cell,
            full->position, full->device);
    return sluice_diag_set(why, SLUICE_FORMAT,
                           "%s at position %d of device %d is not of the "
                           "dialect that was asked for, which writes %s",
                           wrong->cell, wrong->position, wrong->device,
                           facts->old ? "an input gradient B"
                                      : "a full backward B");
}

/* Whether the stages can be those of so many copies: no two of one part are on
 * one device. */
static bool can_be_copies(struct sl_csv_facts *facts, int64_t copies)
{
    if (copies < 1 || copies > SLUICE_MAX_COPIES || facts->n_stages % copies)
        return false;
    int depth = facts->n_stages / (int)copies;
    for (int s = depth; s < facts->n_stages; s++)
        for (int twin = s % depth; twin < s; twin += depth)
            if (facts->stage_device[s] == facts->stage_device[twin]) {
                facts->twins[0] = twin;
                facts->twins[1] = s;
                return false;
            }
    return true;
}

int sl_csv_copies(struct sl_csv_facts *facts)
{
    const struct sl_csv_seen *seen = facts->seen;
    int64_t all = (int64_t)facts->n_stages * facts->n_microbatches;
    int64_t met = seen[SL_CSV_F].n;
    int64_t n_backwards =
        seen[SL_CSV_B].n + seen[SL_CSV_BW].n + seen[SL_CSV_I].n;
    if (n_backwards > met && all % n_backwards == 0)
        met = n_backwards;
    if (!met || all % met)
        return 1;
    int64_t copies = all / met;
    return can_be_copies(facts, copies) ? (int)copies : 1;
}

/* Append a sentence to what the schedule's refusals shall mention, if it fits
 * whole. */
static void remark(sluice_schedule *schedule, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void remark(sluice_schedule *schedule, const char *format, ...)
{
    char *end = schedule->remark + strlen(schedule->remark);
    size_t room = (size_t)(schedule->remark + sizeof schedule->remark - end);
    const char *link = end > schedule->remark ? "; " : "";
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || strlen(link) + (size_t)n >= room)
        return;
    end = stpcpy(end, link);
    va_start(args, format);
    vsnprintf(end, (size_t)n + 1, format, args);
    va_end(args);
}

/* What the dialect follows from, where a slip could have turned it. */
static void remark_dialect(sluice_schedule *schedule,
                           const struct sl_csv_facts *facts,
                           sluice_csv_dialect dialect)
{
    const struct sl_csv_seen *seen = facts->seen;
    const struct sl_csv_seen *full = &seen[SL_CSV_BW],
                             *weight = &seen[SL_CSV_W];
    if (dialect != SLUICE_CSV_DETECT)
        return;
    if (full->n)
        remark(schedule,
               "read in the old dialect, where B is an input gradient, for %s "
               "at position %d of device %d",
               full->cell, full->position, full->device);
    else if (facts->old)
        remark(schedule,
               "read in the old dialect, where B is an input gradient, for "
               "there are W's and no I's, the first %s at position %d of "
               "device %d",
               weight->cell, weight->position, weight->device);
    else if (weight->n && !seen[SL_CSV_I].n)
        remark(schedule,
               "read in the new dialect, where B is a full backward, for most "
               "B's have no W; the first W is %s at position %d of device %d",
               weight->cell, weight->position, weight->device);
}

static void remark_blank(sluice_schedule *schedule,
                         const struct sl_csv_facts *facts)
{
    if (facts->n_blank == 1)
        remark(schedule,
               "line %d is blank and makes device %d, which has nothing to do",
               facts->first_blank + 1, facts->first_blank);
    else if (facts->n_blank)
        remark(schedule,
               "%d lines are blank and make devices with nothing to do, the "
               "first of them device %d",
               facts->n_blank, facts->first_blank);
}

static void remark_twins(sluice_schedule *schedule,
                         const struct sl_csv_facts *facts)
{
    if (facts->twins[1])
        remark(schedule,
               "it would be copies of the model, were not stages %d and %d, "
               "the same part in two of them, both on device %d: place them "
               "apart",
               facts->twins[0], facts->twins[1],
               facts->stage_device[facts->twins[0]]);
}

void sl_csv_remark(const struct sl_csv_facts *facts, sluice_csv_dialect dialect,
                   sluice_schedule *schedule)
{
    remark_twins(schedule, facts);
    remark_dialect(schedule, facts, dialect);
    remark_blank(schedule, facts);
}

const char *sluice_schedule_remark(const sluice_schedule *schedule)
{
    return schedule->remark;
}
