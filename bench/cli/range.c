/* Lists and ranges of integers.  The main thread. */
#include "bench/cli/range.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/cli/number.h"

enum { ITEM_BYTES = 64 };

/* From `first` to at most `last`, each the one before plus or times `by`. */
struct item {
    int64_t first;
    int64_t last;
    int64_t by;
    bool times;
};

/* Cut `text` at the first of `marks`; the part behind it, or NULL. */
static char *cut(char *text, const char *marks, char *mark)
{
    size_t n = strcspn(text, marks);
    if (!text[n])
        return NULL;
    *mark = text[n];
    text[n] = 0;
    return text + n + 1;
}

static sluice_status parse_item(char *text, int min, int max, struct item *item,
                                sluice_diag *why)
{
    char mark = '+';
    char dash;
    *item = (struct item){.by = 1};
    char *by = cut(text, "+*", &mark);
    char *last = cut(text, "-", &dash);
    item->times = mark == '*';
    sluice_status st = number_parse_integer(text, min, max, &item->first, why);
    if (st)
        return st;
    item->last = item->first;
    if (last)
        st = number_parse_integer(last, item->first, max, &item->last, why);
    if (!st && by && !last)
        st = sluice_diag_set(why, SLUICE_INVALID,
                             "\"%s\" has a step and no end: write "
                             "FIRST-LAST*STEP, such as 1-64*2",
                             text);
    if (!st && by)
        st = number_parse_integer(by, item->times ? 2 : 1, INT_MAX, &item->by,
                                  why);
    return st;
}

static sluice_status append(struct range *range, const struct item *item,
                            sluice_diag *why)
{
    for (int64_t v = item->first; v <= item->last;
         v = item->times ? v * item->by : v + item->by) {
        if (range->n == RANGE_MAX)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "the list has more than %d values: give "
                                   "several shorter ones",
                                   RANGE_MAX);
        range->values[range->n++] = (int)v;
        if (item->times && v == 0)
            break;
    }
    return SLUICE_OK;
}

sluice_status range_parse(const char *text, int min, int max,
                          struct range *range, sluice_diag *why)
{
    struct range parsed = {0};
    for (;;) {
        size_t n = strcspn(text, ",");
        char word[ITEM_BYTES];
        if (n >= sizeof word)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "\"%.40s...\" is not a list such as 2,4,8 "
                                   "or 1-64*2",
                                   text);
        snprintf(word, sizeof word, "%.*s", (int)n, text);
        struct item item;
        sluice_status st = parse_item(word, min, max, &item, why);
        if (!st)
            st = append(&parsed, &item, why);
        if (st)
            return st;
        if (!text[n])
            break;
        text += n + 1;
    }
    *range = parsed;
    return SLUICE_OK;
}

int range_largest(const struct range *range)
{
    int largest = range->values[0];
    for (int i = 1; i < range->n; i++)
        if (range->values[i] > largest)
            largest = range->values[i];
    return largest;
}

int range_smallest(const struct range *range)
{
    int smallest = range->values[0];
    for (int i = 1; i < range->n; i++)
        if (range->values[i] < smallest)
            smallest = range->values[i];
    return smallest;
}
