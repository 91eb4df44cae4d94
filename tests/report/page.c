/* Writes a page of HTML to the standard output, every part of it there; its
 * text is the program's argument, or what HTML does not like. */
#include "report/page.h"

#include <stdio.h>

static struct page page;

static sluice_status put(void *context, const char *bytes, size_t n,
                         sluice_diag *why)
{
    (void)why;
    return fwrite(bytes, 1, n, context) == n ? SLUICE_OK : SLUICE_IO;
}

int main(int argc, char **argv)
{
    if (!page_init(&page, argc > 1 ? argv[1] : PAGE_HOSTILE))
        return 1;
    sluice_status st =
        sluice_report_html(&page.report, (sluice_sink){put, stdout}, NULL);
    page_fini(&page);
    return st;
}
