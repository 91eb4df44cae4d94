/*
 * The files that a page of HTML is made of; see assets/.
 *
 * Threads: any; const.
 */
#ifndef SL_REPORT_HTML_ASSET_H
#define SL_REPORT_HTML_ASSET_H

#include <stddef.h>

enum sl_html_asset {
    SL_HTML_PAGE_CSS,
    SL_HTML_PAGE_JS,
    SL_HTML_UPLOT_CSS,
    SL_HTML_UPLOT_JS,
    SL_HTML_UPLOT_LICENSE,
    SL_HTML_LOSS, /* what stands below a panel */
    SL_HTML_BUBBLE,
    SL_HTML_MEMORY,
    SL_HTML_EFFICIENCY,
    SL_HTML_TIMELINE,
    SL_HTML_ATTRIBUTION,
    SL_HTML_NO_ASSET
};

/* The bytes of an asset, *n of them. */
const char *sl_html_asset(enum sl_html_asset asset, size_t *n);

#endif
