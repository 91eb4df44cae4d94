/* Lines of files.  The main thread. */
#include "bench/plan/text_lines.h"

#include <errno.h>
#include <string.h>

static bool is_plain(int c)
{
    return c == '\t' || (c >= ' ' && c <= '~');
}

/* Every character but those of a remark, which nothing repeats. */
static sluice_status check(const char *line, int n, sluice_diag *why)
{
    for (int i = 0; i < n && line[0] != '#'; i++)
        if (!is_plain((unsigned char)line[i]))
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "has a byte %d at position %d: write ASCII, "
                                   "or a remark, which begins with #",
                                   (unsigned char)line[i], i);
    return SLUICE_OK;
}

sluice_status text_lines_next(struct text_lines *lines, bool *more,
                              sluice_diag *why)
{
    int n = 0, c;
    lines->number++;
    while ((c = getc(lines->in)) != EOF && c != '\n') {
        if (n == TEXT_LINE - 2)
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "is longer than %d bytes: end it before",
                                   TEXT_LINE - 2);
        lines->line[n++] = (char)c;
    }
    if (ferror(lines->in))
        return sluice_diag_set(why, SLUICE_IO, "cannot be read: %s",
                               strerror(errno ? errno : EIO));
    *more = n > 0 || c != EOF;
    if (n > 0 && lines->line[n - 1] == '\r')
        n--;
    lines->line[n] = '\0';
    return check(lines->line, n, why);
}
