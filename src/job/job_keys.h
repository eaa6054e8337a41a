/* job_keys: a mapping of the job file against the table of its keys.
 *
 * One row of a table is one key: its name, the function that reads its value, the place for the value, its
 * default, and what a person needs to use it: kyc-import-job(5) and `kyc-import help job` are made from the
 * rows. A key that is in no row is refused with the nearest one, so a new key is a new row and nothing else.
 * All functions that return int give 0, or -1 with the reader's error filled in at the node's place. Thread:
 * one at a time. Owner: all text is in the job's arena.
 */
#ifndef KYC_JOB_JOB_KEYS_H
#define KYC_JOB_JOB_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "job/job_load.h"
#include "job/job_yaml.h"
#include "model/job.h"

/* What one job_load works with. */
struct job_reader {
    struct job *job;
    const struct job_overrides *overrides;
    struct error *error;
    bool hide_lines; /* what is being read may be a secret: messages show neither line nor value */
};

struct job_key;

typedef int job_key_read(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                         void *target);

struct job_key {
    const char *name; /* NULL ends a table */
    job_key_read *read;
    size_t offset;               /* of what is filled in, within target */
    uint64_t min, max;           /* of a number */
    const char *const *words;    /* of job_scalar_word: NULL-terminated */
    const char *const *hints;    /* what other tools call it, for messages: NULL-terminated; NULL: none */
    const struct job_key *keys;  /* of a mapping: its own table, which fills what is at offset */
    const struct job_key *items; /* of a list or mapping of mappings: the table of each of them */
    const char *form;            /* of its value, where neither `read` (job_scalar_form) nor `words` has it */
    /* One of both: its default as it would be written, which job_keys_defaults reads; or what applies without
     * the key. */
    const char *standard, *absent;
    const char *help; /* what it does: one line without a full stop */
    /* A value as it would be written; of the keys of an item (`rules`, a field), the whole item. */
    const char *example;
};

extern const struct job_key job_file_keys[];     /* of the file; with the tables in its rows all settings */
extern const struct job_key job_document_keys[]; /* of an entry of `fields.documents` */
/* The rules that are named by a word, each with what fails it: rows without a reader. */
extern const struct job_key job_rule_words[];

/* Reads every member of a mapping by its row. name: of the mapping, for messages (`delivery`); "" for the
 * file. */
int job_keys_read(struct job_reader *reader, const struct job_node *mapping, const struct job_key *keys,
                  const char *name, void *target);

/* Reads a mapping by the row's own table, into what is at the row's offset. */
job_key_read job_keys_read_table;

/* Reads the default of every row that has one, and of those in its `keys`. */
void job_keys_defaults(struct job_reader *reader, const struct job_key *keys, void *target);

/* The row of a name, or NULL. */
const struct job_key *job_keys_find(const struct job_key *keys, struct slice name);

/* -1 with the error set: at the node, at the node's key, for a node of another kind than wanted, for a
 * misspelt name. */
int job_keys_fail(struct job_reader *reader, const struct job_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int job_keys_fail_at_key(struct job_reader *reader, const struct job_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int job_keys_fail_kind(struct job_reader *reader, const struct job_node *node, enum job_node_kind wanted);
/* MESSAGE with a hint: the nearest of the words, or all of them when none is near. place: the node's key, or
 * the node. */
int job_keys_fail_name(struct job_reader *reader, const struct job_node *node, bool at_key,
                       const char *message, struct slice name, const char *const *words);
/* The same for the key (at_key), or the text, of a node that no row has: with the nearest of the rows. */
int job_keys_fail_key(struct job_reader *reader, const struct job_node *node, bool at_key,
                      const char *message, const struct job_key *keys);

#endif
