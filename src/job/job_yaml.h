/* job_yaml: a YAML text as a tree of nodes with places. Only job_yaml.c uses libfyaml.
 *
 * The parser's events are taken, not its documents: they show every anchor, alias, tag and second document,
 * so that each can be refused with its place, and the tree is ours to change (--set). A job file is plain
 * data: one document, no anchors, no aliases, no tags, no key twice; keys are scalars. Thread: one at a time.
 * Owner: nodes live in the arena that they were read into.
 */
#ifndef KYC_JOB_JOB_YAML_H
#define KYC_JOB_JOB_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/slice.h"
#include "model/job.h"

enum job_node_kind { JOB_NODE_SCALAR, JOB_NODE_LIST, JOB_NODE_MAPPING };

enum {
    JOB_YAML_DEPTH_MAX = 16,   /* a job file needs five */
    JOB_YAML_MAX = 1 << 20,    /* bytes of a job file: a `values` of 20,000 lines fits */
    JOB_YAML_FAULT_SIZE = 512, /* of a message */
};

struct job_node {
    enum job_node_kind kind;
    struct job_place place;
    struct slice text; /* of a scalar, NUL-terminated */
    bool plain;        /* a scalar without quotes */
    struct slice key;  /* of a mapping's member, NUL-terminated */
    struct job_place key_place;
    struct job_node *first, *next; /* the first child; the next one of the same parent */
    size_t count;                  /* children */
    const char *origin;            /* the --set that it came from; NULL: the file */
};

struct job_yaml_fault {
    struct job_place place;
    char text[JOB_YAML_FAULT_SIZE];
};

/* The top node; of an empty text a scalar that is null. NULL with *fault filled in: not YAML, not UTF-8,
 * or one of what a job file may not have (above). */
struct job_node *job_yaml_parse(struct slice text, struct arena *arena, struct job_yaml_fault *fault);

/* A plain scalar that YAML reads as no value: empty, `~`, `null`. */
bool job_yaml_is_null(const struct job_node *node);

/* The member of a mapping, or NULL. */
struct job_node *job_yaml_member(const struct job_node *mapping, struct slice key);

/* Puts value under key in a mapping, in place of what was there. */
void job_yaml_put(struct job_node *mapping, struct slice key, struct job_node *value);

/* A mapping without members. */
struct job_node *job_yaml_mapping(struct arena *arena);

/* `a mapping`, `a list`, `a value`. */
const char *job_yaml_kind_name(enum job_node_kind kind);

#endif
