/* The files that a page of HTML is made of.  Any thread; const. */
#include "report/html_asset.h"

/* The assembler copies them into the section of constants. */
#define INCLUDE_FILE(symbol, name)                                             \
    __asm__(".pushsection .rodata\n"                                           \
            ".global " #symbol ", " #symbol "_end\n"                           \
            ".hidden " #symbol ", " #symbol "_end\n"                           \
            ".type " #symbol ", %object\n" #symbol ":\n"                       \
            ".incbin \"" SL_HTML_ASSETS "/" name "\"\n"                        \
            ".size " #symbol ", . - " #symbol "\n" #symbol "_end:\n"           \
            ".byte 0\n"                                                        \
            ".popsection\n");                                                  \
    extern const char symbol[], symbol##_end[]

INCLUDE_FILE(sl_file_page_css, "page.css");
INCLUDE_FILE(sl_file_page_js, "page.js");
INCLUDE_FILE(sl_file_uplot_css, "uPlot.min.css");
INCLUDE_FILE(sl_file_uplot_js, "uPlot.iife.min.js");
INCLUDE_FILE(sl_file_uplot_license, "uPlot-LICENSE");
INCLUDE_FILE(sl_file_loss, "loss.html");
INCLUDE_FILE(sl_file_bubble, "bubble.html");
INCLUDE_FILE(sl_file_memory, "memory.html");
INCLUDE_FILE(sl_file_efficiency, "efficiency.html");
INCLUDE_FILE(sl_file_timeline, "timeline.html");
INCLUDE_FILE(sl_file_attribution, "attribution.html");

const char *sl_html_asset(enum sl_html_asset asset, size_t *n)
{
    static const struct {
        const char *begin, *end;
    } files[SL_HTML_NO_ASSET] = {
        [SL_HTML_PAGE_CSS] = {sl_file_page_css, sl_file_page_css_end},
        [SL_HTML_PAGE_JS] = {sl_file_page_js, sl_file_page_js_end},
        [SL_HTML_UPLOT_CSS] = {sl_file_uplot_css, sl_file_uplot_css_end},
        [SL_HTML_UPLOT_JS] = {sl_file_uplot_js, sl_file_uplot_js_end},
        [SL_HTML_UPLOT_LICENSE] = {sl_file_uplot_license,
                                   sl_file_uplot_license_end},
        [SL_HTML_LOSS] = {sl_file_loss, sl_file_loss_end},
        [SL_HTML_BUBBLE] = {sl_file_bubble, sl_file_bubble_end},
        [SL_HTML_MEMORY] = {sl_file_memory, sl_file_memory_end},
        [SL_HTML_EFFICIENCY] = {sl_file_efficiency, sl_file_efficiency_end},
        [SL_HTML_TIMELINE] = {sl_file_timeline, sl_file_timeline_end},
        [SL_HTML_ATTRIBUTION] = {sl_file_attribution, sl_file_attribution_end},
    };
    *n = (size_t)(files[asset].end - files[asset].begin);
    return files[asset].begin;
}
