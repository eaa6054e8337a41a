/* html_parts: the sections of report.html. Inside of html_report. Thread: one. */
#ifndef KYC_REPORT_HTML_PARTS_H
#define KYC_REPORT_HTML_PARTS_H

#include <stdint.h>

#include "core/buffer.h"
#include "model/job.h"
#include "model/verdict.h"
#include "report/html_report.h"
#include "report/run_stats.h"

struct html_page {
    const struct run_stats *stats;
    const struct job *job;
    const struct html_report_place *place;
    const uint32_t *ranking; /* of run_stats_rank_rules */
    struct buffer *out;
};

/* The name of the reject file, or of the broken file, if this run has written one; else NULL. */
const char *html_files_rejects(const struct html_page *page);
const char *html_files_broken(const struct html_page *page);
/* The path to a file of history/, from the page's folder. */
void html_files_history(const struct html_page *page, const char *name);
/* A table of the other files of the report. */
void html_files_write(const struct html_page *page);

/* The number of rules with verdicts of this level. */
size_t html_rules_count(const struct html_page *page, enum verdict_level level);
/* A table of the rules of a level, then an article for each: meaning, action, examples. */
void html_rules_write(const struct html_page *page, enum verdict_level level);
/* By field, by country, by input file. */
void html_breakdown_write(const struct html_page *page);
/* The share of records with a value, by mapped field. */
void html_breakdown_write_completeness(const struct html_page *page);
/* The provider's requirements that the job relaxes; nothing when there is none. */
void html_breakdown_write_relaxed(const struct html_page *page);
/* The kept runs; nothing where there are less than two. */
void html_run_write_trend(const struct html_page *page);
/* Of a check. */
void html_run_write_plan(const struct html_page *page);
/* Of a run: the states of the ledger's users; nothing where none is known. */
void html_run_write_verification(const struct html_page *page);
/* Of a run: the rate over time, retries, latency. */
void html_run_write_requests(const struct html_page *page);

#endif
