/* Real numbers as text.  Any thread; no state. */
#include "base/text/real_text.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* strtod() also takes hexadecimal digits, blanks, "inf" and "nan". */
static bool is_decimal(const char *text)
{
    size_t n = strspn(text, "0123456789.eE+-");
    return text[n] == '\0' && strpbrk(text, "0123456789") && text[0] != 'e' &&
           text[0] != 'E' && text[0] != '+';
}

/* With the point as the decimal separator; where the system has no memory for
 * a locale, as the process's locale says. */
static double read_prefix(const char *text, char **end)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return strtod(text, end);
    double value = strtod_l(text, end, c);
    freelocale(c);
    return value;
}

bool sl_real_read(const char *text, double *value)
{
    char *end;
    if (!is_decimal(text))
        return false;
    double read = read_prefix(text, &end);
    if (*end || !isfinite(read))
        return false;
    *value = read;
    return true;
}

bool sl_real_next(const char **list, double *value)
{
    char number[SL_REAL_TEXT];
    size_t n = strcspn(*list, ",");
    const char *end = *list + n;
    if (n >= sizeof number || (*end && !end[1]))
        return false;
    memcpy(number, *list, n);
    number[n] = '\0';
    *list = *end ? end + 1 : end;
    return sl_real_read(number, value);
}

void sl_real_point(char text[SL_REAL_TEXT])
{
    size_t before = strspn(text, "-0123456789");
    size_t odd = strcspn(text + before, "e0123456789");
    if (odd == 0 || text[before] == '\0')
        return;
    text[before] = '.';
    memmove(text + before + 1, text + before + odd,
            strlen(text + before + odd) + 1);
}

static bool reads_as(const char *text, double value, bool is_float)
{
    double read;
    if (!sl_real_read(text, &read))
        return false;
    return is_float ? (float)read == (float)value : read == value;
}

void sl_real_write(double value, bool is_float, char text[SL_REAL_TEXT])
{
    int digits = 1;
    do {
        snprintf(text, SL_REAL_TEXT, "%.*g", digits, value);
        if (isfinite(value))
            sl_real_point(text);
    } while (isfinite(value) && !reads_as(text, value, is_float) &&
             digits++ < 17);
}
