/* summary_json: summary.json, the counts of a run for programs. Thread: one. */
#ifndef KYC_REPORT_SUMMARY_JSON_H
#define KYC_REPORT_SUMMARY_JSON_H

#include "core/buffer.h"
#include "core/error.h"
#include "core/json.h"
#include "report/run_stats.h"

#define SUMMARY_JSON_NAME "summary.json"

/* The whole file into out. */
void summary_json_write(const struct run_stats *stats, struct buffer *out);
/* The array of its member `input`. */
void summary_json_write_inputs(const struct run_stats *stats, struct json_writer *json);

/* Replaces FOLDER/summary.json. 0, or -1 as report_file_fail. */
int summary_json_save(const struct run_stats *stats, const char *folder, struct error *error);

#endif
