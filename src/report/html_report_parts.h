/* html_report_parts: the inside of report.html, one function a part. Thread: one. */
#ifndef KYC_REPORT_HTML_REPORT_PARTS_H
#define KYC_REPORT_HTML_REPORT_PARTS_H

#include <stdint.h>

#include "core/buffer.h"
#include "model/job.h"
#include "model/verdict.h"
#include "report/run_stats.h"

struct page {
    const struct run_stats *stats;
    const struct job *job;
    const uint32_t *ranking; /* of run_stats_ranking */
    struct buffer *out;
};

/* Rules with verdicts of this level. */
size_t html_rules_count(const struct page *page, enum verdict_level level);
/* The table of the rules of a level, then an article for each: what it means, what to do, examples. */
void html_rules_write(const struct page *page, enum verdict_level level);
/* By field, by country, by input file. */
void html_countries_write(const struct page *page);
/* The share of records in which each mapped field had a value. */
void html_countries_write_completeness(const struct page *page);
/* What the job does not ask although the provider does; nothing when there is none. */
void html_countries_write_relaxed(const struct page *page);
/* Of a dry run. */
void html_run_write_plan(const struct page *page);
/* Of a run: outcomes, retries, latency, the rate over time. */
void html_run_write_requests(const struct page *page);

#endif
