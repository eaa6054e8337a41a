/* page_parts: the inside of report.html, one function a part. Thread: one. */
#ifndef KYC_REPORT_PAGE_PARTS_H
#define KYC_REPORT_PAGE_PARTS_H

#include <stdint.h>

#include "core/buffer.h"
#include "model/job.h"
#include "model/verdict.h"
#include "report/tally.h"

struct page {
    const struct tally *tally;
    const struct job *job;
    const uint32_t *ranking; /* of tally_ranking */
    struct buffer *out;
};

/* Rules with verdicts of this level. */
size_t page_rule_count(const struct page *page, enum verdict_level level);
/* The table of the rules of a level, then an article for each: what it means, what to do, examples. */
void page_write_rules(const struct page *page, enum verdict_level level);
/* By field, by country, by input file. */
void page_write_places(const struct page *page);
/* The share of records in which each mapped field had a value. */
void page_write_completeness(const struct page *page);
/* What the job does not ask although the provider does; nothing when there is none. */
void page_write_loosened(const struct page *page);
/* Of a dry run. */
void page_write_plan(const struct page *page);
/* Of a run: outcomes, retries, latency, the rate over time. */
void page_write_requests(const struct page *page);

#endif
