/* field: the customer fields, provider-neutral and how a value of each type is normalized.
 *
 * One row of field_rows.h is one field; field ids are in its order, which is the order of digests and
 * verdicts. The members of metadata and additional_info are named by the job: they follow
 * the table, with ids from FIELD_COUNT on in the order of their names. A process has one job at a time, so
 * they are the process's. Thread: constant once the job is loaded.
 */
#ifndef KYC_MODEL_FIELD_H
#define KYC_MODEL_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"
#include "model/field_rows.h"

#define FIELD_ID(id, ...) FIELD_##id,

enum field_id {
    FIELD_ROWS(FIELD_ID) /* FIELD_EXTERNAL_ID, … */
    FIELD_COUNT,
    FIELD_NONE = 0xffff, /* the record itself, in a verdict */
};

/* How a source value is normalized. */
enum field_type {
    FIELD_TYPE_KEY,    /* external_id: trimmed, 1–128 bytes of printable ASCII */
    FIELD_TYPE_TEXT,   /* NFC, blanks folded */
    FIELD_TYPE_NAME,   /* as text */
    FIELD_TYPE_STATE,  /* as text; in the US the two-letter code */
    FIELD_TYPE_POSTAL, /* as text, upper-cased */
    FIELD_TYPE_EMAIL,
    FIELD_TYPE_PHONE,        /* E.164 */
    FIELD_TYPE_DATE,         /* YYYY-MM-DD */
    FIELD_TYPE_TIME,         /* RFC 3339 in UTC, to the second */
    FIELD_TYPE_COUNTRY,      /* ISO 3166-1 alpha-2 */
    FIELD_TYPE_COUNTRY_LIST, /* of alpha-2, repeats dropped */
    FIELD_TYPE_TEXT_LIST,
    FIELD_TYPE_ENUM,        /* one of the provider's words */
    FIELD_TYPE_BOOL,        /* true or false */
    FIELD_TYPE_INTEGER,     /* 0 to 2147483647 */
    FIELD_TYPE_NATIONAL_ID, /* as text; in the US nine digits */
    FIELD_TYPE_DOCUMENT,    /* an https URL or a path */
    FIELD_TYPE_CLIENT_ID,   /* CONCAT, from a column or computed (auto) */
    FIELD_TYPE_YES_NO,      /* as text, but true and false become yes and no (provider_field.yes_no) */
    FIELD_TYPE_URI,         /* with a scheme; not javascript:, data:, file: */
};

/* Which parts of a value tell who the customer is, without the rest. A provider may quote them alone, so each
 * is masked by itself in what is kept of its replies (provider/scrub_values). */
enum field_parts {
    FIELD_PARTS_NONE,    /* only the whole value does */
    FIELD_PARTS_NAME,    /* each word of a person's name */
    FIELD_PARTS_COMPANY, /* each word of a company's name that is not a legal form */
    FIELD_PARTS_STREET,  /* the name of the street */
    FIELD_PARTS_NUMBER,  /* the last digits */
};

struct field {
    const char *name; /* as in the job file and in verdicts: `date_of_birth` */
    enum field_type type;
    enum field_parts parts;
    const char *help; /* what it means: one sentence, for a person who fills in a job file */
    const char *synonyms, *weak_synonyms; /* names in exports (synonyms.h), a blank between two */
};

extern const struct field field_table[FIELD_COUNT];

/* The fields that identify a person or company, in the order in which they are digested. */
enum { FIELD_IDENTITY_COUNT = 5 };
extern const enum field_id field_identity[FIELD_IDENTITY_COUNT];

/* The objects whose members the job names: `metadata.plan`. */
enum field_group {
    FIELD_GROUP_NONE,
    FIELD_GROUP_ADDITIONAL_INFO,
    FIELD_GROUP_METADATA,
    FIELD_GROUP_DOCUMENTS, /* `fields.documents`: the parts of its entries, below */
    FIELD_GROUP_COUNT,
};

/* A part of an entry of `fields.documents`. Each that the job gives a source is a field of its own, named by
 * its place: `documents[1].number`, `documents[1].files.front`. */
enum entry_part { ENTRY_TYPE, ENTRY_NUMBER, ENTRY_COUNTRY, ENTRY_EXPIRY, ENTRY_FILE };

struct field_entry {
    size_t index; /* of the entry, from 0 */
    enum entry_part part;
    struct slice file; /* of ENTRY_FILE: what it shows, in the provider's word: `front` */
};

enum {
    FIELD_OWN_MAX = 64,         /* fields that a job may name itself */
    FIELD_OWN_NAME_SIZE = 96,   /* of such a name, with its group and a NUL */
    FIELD_ENTRIES_MAX = 16,     /* entries of `fields.documents` */
    FIELD_ENTRY_PARTS_MAX = 96, /* their parts together */
    FIELD_ENTRY_FILE_MAX = 40,  /* bytes of the word of a file */
    FIELD_MAX = FIELD_COUNT + FIELD_OWN_MAX + FIELD_ENTRY_PARTS_MAX,
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a term of the sum below. */
#define FIELD_IS_DOCUMENT(id, name, type, ...) +(FIELD_TYPE_##type == FIELD_TYPE_DOCUMENT)
    FIELD_DOCUMENTS = 0 FIELD_ROWS(FIELD_IS_DOCUMENT), /* fields of the table of type document */
    FIELD_NO_DOCUMENT = 0xffff,
};

/* Names the job's own fields, in place of those of a job before it, which has no entries of documents then.
 * names: at most FIELD_OWN_MAX, in the
 * order of their bytes, none twice, each of a group and shorter than FIELD_OWN_NAME_SIZE; copied. Thread:
 * while no other uses fields. */
void field_define(const struct slice *names, size_t count);
/* Then: the parts of its documents, whose fields follow in this order. entries: at most
 * FIELD_ENTRY_PARTS_MAX, entry by entry, the parts of one in the order of enum entry_part, none twice; a
 * file's word is at most FIELD_ENTRY_FILE_MAX bytes; copied. */
void field_define_entries(const struct field_entry *entries, size_t count);
/* The part that a field is of the job's documents; NULL: it is none. */
const struct field_entry *field_entry(enum field_id field);
/* True for the number of a document: letters and digits without words. */
bool field_is_document_number(enum field_id field);
/* FIELD_COUNT, the job's own and the parts of its documents: the length of a record's values. */
size_t field_count(void);
/* The group that a name is of by its beginning (`metadata.`), whether it was defined or not. */
enum field_group field_group_of_name(struct slice name);
/* How the names of a group begin: `metadata.`. */
struct slice field_group_prefix(enum field_group group);
/* The group of a field that the job defines; FIELD_GROUP_NONE of the table's. */
enum field_group field_group(enum field_id field);
/* The name within its group: `plan` of metadata.plan; of the table's fields the whole name. */
const char *field_name_in_group(enum field_id field);
/* Text for the job's own of metadata and additional_info. */
enum field_type field_type(enum field_id field);
/* The normal form of the field's type, for a person: `date, YYYY-MM-DD`. */
const char *field_form(enum field_id field);
/* A value of the field's type as a job would have it: `1980-02-13`; NULL of one that has words. */
const char *field_example(enum field_id field);
/* The words of a field that do not depend on the provider, NULL-terminated; NULL: it has none. */
const char *const *field_words(enum field_id field);
/* The index of a field among those of type document; FIELD_NO_DOCUMENT of any other. */
size_t field_document(enum field_id field);
/* FIELD_DOCUMENTS and the files of the job's documents. */
size_t field_document_count(void);
/* FIELD_PARTS_NUMBER for the job's own, which may hold anything. */
enum field_parts field_parts(enum field_id field);

/* FIELD_NONE when there is no such field, in the table or of the job's own. */
enum field_id field_by_name(struct slice name);
/* `email`; `record` for FIELD_NONE. */
const char *field_name(enum field_id field);
/* All names of the table, NULL-terminated, for text_nearest. */
const char *const *field_names(void);

#endif
