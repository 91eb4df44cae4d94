/* The settings of a pipeline's text, as options of its config. */
#ifndef SL_PIPELINE_TEXT_SETTING_TABLE_H
#define SL_PIPELINE_TEXT_SETTING_TABLE_H

#include <sluice/options.h>

/* Settings that are texts: the first ones of the table.  Their rows give no
 * field, because pipeline_text.c reads them. */
enum sl_text_setting {
    SL_SETTING_LOSS,
    SL_SETTING_OPTIMIZER,
    SL_SETTING_SCHEDULE,
    SL_SETTING_GEMM,
    SL_SETTING_PRECISION,
    SL_SETTING_PARTITION,
    SL_SETTING_SPEEDS,
    SL_N_TEXT_SETTINGS
};

/* All settings; the others are fields of a sluice_pipeline_config. */
extern const sluice_option_table sl_setting_table;

#endif
