/* shard_stats: what a shard keeps of the rules that its records broke, so that several shards give the report
 * of one process.
 *
 * Counts add up. What is chosen by order is kept by input: of each rule its first record, the first 50
 * rejected ones, and of each input the first three records with it and the first record of each of the first
 * three different shapes, with their ordinals among the input's records of that rule. To offer these, in the
 * order of the inputs, makes the same choice as all records did (run_stats_join_example): a record that is
 * left out has a shape that was offered before, or comes when three different ones are chosen. Memory: at
 * most five shapes for each rule and input. Thread: one. Owner: new/free.
 */
#ifndef KYC_REPORT_SHARD_STATS_H
#define KYC_REPORT_SHARD_STATS_H

#include "core/json.h"
#include "report/run_stats.h"

struct shard_stats;

struct shard_stats *shard_stats_new(void);
void shard_stats_free(struct shard_stats *shard);

/* Before the first record: everything that stats counts under a rule from now on. */
void shard_stats_collect(struct shard_stats *shard, struct run_stats *stats);
/* An array. */
void shard_stats_write(const struct shard_stats *shard, struct json_writer *json);
/* Adds what shard_stats_write wrote, nodes[node]. False: it is no such array. */
bool shard_stats_read(struct shard_stats *shard, const struct json_node *nodes, size_t node);
/* After the last shard: all rules, with their examples and rows, into stats, which has none. */
void shard_stats_join(struct shard_stats *shard, struct run_stats *stats);

#endif
