/* provider: what the pipeline and the sender use of a provider; each has a file and a line in
 * provider_list.c.
 *
 * Facts and their sources: README.md. Every function is pure: no clock, no network, no state but an account.
 */
#ifndef KYC_PROVIDER_PROVIDER_H
#define KYC_PROVIDER_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/json.h"
#include "core/slice.h"
#include "model/job.h"
#include "model/outcome.h"
#include "model/provider_fields.h"
#include "model/record.h"
#include "model/verification.h"
#include "provider/provider_credentials.h"
#include "provider/provider_headers.h"
#include "provider/provider_settings.h"
#include "provider/scrub.h"

enum {
    PROVIDER_TARGET_SIZE = 1280, /* base path, an e-mail or id of which every byte is percent-encoded */
    PROVIDER_CONTENT_TYPE_SIZE = 96,
};

/* What a document shows, and with it how it is sent. */
enum provider_document_kind {
    PROVIDER_DOCUMENT_IDENTITY,  /* who the user is; a front, and a back where it has one */
    PROVIDER_DOCUMENT_RESIDENCE, /* where they live */
    PROVIDER_DOCUMENT_SELFIE,    /* what they look like */
};

/* A document of a user, as one request sends it. */
struct provider_document {
    enum provider_document_kind kind;
    struct slice type;           /* `passport`, `utility_bill`, … */
    struct slice number, expiry; /* expiry: YYYY-MM-DD; each empty: none */
    struct slice country;        /* that issued it: alpha-2 */
    struct slice file, back;     /* a path below provider.documents, or an https URL; back: empty: none */
};

/* The forms in which a provider takes documents of a user that exists. */
enum provider_document_form {
    PROVIDER_DOCUMENT_URLS = 1,  /* by https URLs that it fetches */
    PROVIDER_DOCUMENT_FILES = 2, /* as files in the request */
};

/* A request to the provider, before it is built. */
struct provider_call {
    enum operation operation;
    const struct job *job;       /* its settings */
    const char *base_path;       /* the base URL's path without a trailing slash (`/sandbox`, or "") */
    const struct record *record; /* not rejected; of LIST, LOGIN and LINK: NULL */
    const char *user_id;         /* of UPDATE, FETCH, LINK and DOCUMENT */
    const char *external_id;     /* of LINK: the user's; else NULL */
    const char *former_key; /* of UPDATE and LINK: the external id that the provider may know the user by,
                               beside the record's; NULL: none */
    uint64_t
        members; /* of UPDATE: a bit for the slot of each member that is sent, as null when it has no value */
    const char *idempotency_key; /* of CREATE and LINK, where the provider has such; else NULL */
    const char *redirect_uri;    /* of LINK: the page to which the verification leads back; NULL: none */
    const struct provider_document *document; /* of DOCUMENT */
    uint64_t journalled_ns;                   /* real ns: when it was journalled first with these data
                                                 (client_identifier.calculated_at, a document's verified_at) */
    uint32_t offset;                          /* of LOOK_UP and of LIST by pages: users to pass over */
    bool lower_email;                         /* of LOOK_UP: by the record's e-mail in lower case */
    bool in_doubt;                            /* of CREATE: an earlier attempt of it has no known outcome */
};

/* A user as the provider returns it: a create in doubt is resolved by it. Slices are in the caller's arena.
 */
struct provider_user {
    struct slice id;
    struct slice external_id; /* empty: not given */
    struct value *values;     /* [field_count()], those that are compared, in normal form; the rest absent */
};

/* How a create in doubt is resolved. */
enum provider_recovery {
    PROVIDER_RECOVERY_REPEAT,  /* the same reference gives the same user */
    PROVIDER_RECOVERY_LOOK_UP, /* repeated within the idempotency window, then looked up by e-mail */
    PROVIDER_RECOVERY_LIST,    /* one listing of all users resolves all */
};

/* One HTTP request, but for its authentication. */
struct provider_request {
    const char *method;                /* constant */
    char target[PROVIDER_TARGET_SIZE]; /* path and query exactly as on the request line, base URL's path
                                          included */
    char content_type[PROVIDER_CONTENT_TYPE_SIZE]; /* of a body that is not JSON; else "" */
    struct buffer body; /* reset by the builder; owned by whoever owns this struct */
};

/* Credentials in the form that a driver uses, one for each key slot; each driver has a type of its own.
 * Owner: account_new/account_free of the provider; thread: the sender's.
 */
struct provider_account;
struct outcome_table;

/* The reply to one attempt. */
struct provider_reply {
    enum operation operation;
    bool sent;              /* a byte of it may have left (PREREQFUNCTION was called) */
    bool complete;          /* a whole reply was read */
    enum retry_cause cause; /* of an attempt without a complete reply: RETRY_TIMEOUT or RETRY_CONNECT */
    const char
        *transport; /* of the same: `timeout`, `connect`, `reset`, `tls`, … and libcurl's text; for people */
    int http_status;
    bool proven;             /* a request with these credentials has succeeded in this run */
    uint64_t retry_after_ns; /* of Retry-After, already relative; 0: none */
    struct slice error_type; /* x-amzn-errortype: the reply is the gateway's own; or empty */
    bool in_doubt;           /* of the call */
    const char *user_id;     /* of the call, of UPDATE, LINK and DOCUMENT: the user that a reply must not
                                contradict; NULL: none */
    const char *external_id; /* of the call, of LINK; NULL: none */
    const char *former_key;  /* of the call, of UPDATE and LINK; NULL: none */
    uint64_t members;        /* of the call, of UPDATE */
    bool login_broken;       /* a 401 to it means that no token of the login works */
    struct slice request_id; /* x-trace-id, x-request-id or x-amzn-requestid; or empty */
    struct slice body;       /* at most 64 KiB */
    const struct job *job;   /* whose credentials an outcome must not quote; NULL: none */
    struct slice token;      /* nor the login's token that the request carried; empty: none */
    struct slice host;       /* of the base URL: a transport error may name it; empty: none */
};

/* A word of the provider for how far the verification of a user has come. */
struct provider_word {
    const char *member; /* its path in the user that the provider returns; NULL ends a table */
    const char *word;
    enum verification verification;
    bool is_uncertain; /* (?) in README.md: the page leaves it open */
};

/* How far the verification of a user has come, as the provider states it. Slices: of nodes, or in the
 * arena. */
struct provider_verification {
    enum verification state;
    struct slice word;    /* the provider's own */
    struct slice reason;  /* texts with `; ` between them; empty: none. Neither is masked */
    bool is_unknown_word; /* its table does not have the word; the state is pending */
};

struct provider {
    const char *name;
    const char *base_url;
    const struct provider_credential *credentials; /* ended by a row without a name */
    const struct provider_setting *settings; /* those that only some providers have; ended the same way */
    uint16_t user_id_min, user_id_max;       /* characters of a user's id; 0: no bound of its own */
    uint16_t user_id_group; /* it may be written with a blank after so many characters; 0: it may not */
    struct job_rate rate;   /* default */
    uint32_t in_flight;     /* default; a key of a signed provider */
    bool is_signed;         /* keys with nonces */
    bool has_login;         /* a LOGIN gives the token that every other request carries */
    bool can_update;        /* false: a changed customer is refused as record/no_update */
    bool makes_links;       /* a LINK makes a verification link for a user */
    bool has_link_keys;     /* a LINK that is repeated with its idempotency key makes no second link */
    const char *const *document_types; /* that a DOCUMENT may have, NULL-terminated; NULL: it has none */
    unsigned documents;    /* bits of enum provider_document_form: how a DOCUMENT is sent; 0: not at all */
    bool adopts_by_create; /* a create with a known external_id answers with the user that it has, so that a
                              run finds users that were there before */
    enum provider_recovery recovery;
    const char *agreement; /* the page, below the base URL, on which each customer must have signed before the
                              create, its e-mail behind it; NULL: none */
    const char *recovery_help; /* how a create in doubt is resolved, behind "a create in doubt is " */
    uint32_t list_page;        /* LIST gives at most so many users from offset on; 0: one reply has all */
    const struct provider_fields *fields;
    /* Ended by a row without a member. Words of a later member outweigh those of an earlier one; a word that
     * the table does not have counts (as pending) in the first member and in those of a list. */
    const struct provider_word *verification_words;
    const char *const
        *verification_reasons; /* paths of the reasons for it in a user; ended by NULL. NULL: none */
    const char *const *keep;   /* provider.keep where the job has none: nothing private; NULL: nothing */

    struct provider_account *(*account_new)(const struct job_credentials *credentials);
    void (*account_free)(struct provider_account *account);

    /* Builds the request of a call. NULL, or why it cannot be built (a document is gone, the body is over the
     * provider's bound): a constant text. */
    const char *(*build)(const struct provider_call *call, struct provider_request *request);

    /* Appends the headers of one attempt: content type, version, idempotency key, authentication. nonce: of a
     * signed provider. */
    void (*authenticate)(struct provider_account *account, uint64_t nonce, const struct provider_call *call,
                         const struct provider_request *request, struct provider_headers *headers);

    /* With has_login: keeps the token of a successful reply to a LOGIN. Returns its lifetime in seconds, 0
     * when the reply has none. */
    uint64_t (*read_token)(struct provider_account *account, struct slice body);

    /* Without PROVIDER_RECOVERY_REPEAT: the array of users in a reply to LOOK_UP or LIST. False when there
     * is none. */
    bool (*find_users)(const struct json_node *nodes, size_t *index);

    /* One user, an element of that array or (index 0) the whole reply to FETCH, of which alone it is asked
     * with PROVIDER_RECOVERY_REPEAT (nodes as of json_reader_parse). False when it is none. */
    bool (*read_user)(const struct json_node *nodes, size_t index, const struct job *job, struct arena *arena,
                      struct provider_user *user);

    const struct outcome_table *outcomes; /* what a reply means (outcome_table.h) */
};

/* True for a user id that is valid (user_id.h) and, where the provider's page gives a length, of that length.
 */
bool provider_accepts_user_id(const struct provider *provider, struct slice id);

/* What a word means at this provider: pending where its table does not have it, unknown where it is empty. */
enum verification provider_verification(const struct provider *provider, struct slice word);

/* Reads it from a user: nodes[index], or what that wraps (`data`, `result`, `user`). Of a list (the actions
 * that are required) the action that the customer has to do comes first. False: it has no word. */
bool provider_read_verification(const struct provider *provider, const struct json_node *nodes, size_t index,
                                struct arena *arena, struct provider_verification *verification);

/* Writes word and reason as they may be stored (scrub.h): a word of the table as it is. Where the record has
 * no name, one could stay in a phrase, so phrases (of several words, between two `; `) become ‹text›; codes
 * stay. record, secrets: as of scrub_text. */
void provider_mask_verification(const struct provider_verification *verification, const struct record *record,
                                const struct scrub_secrets *secrets, char word[OUTCOME_WORD_SIZE],
                                char reason[OUTCOME_QUOTE_SIZE]);

/* The base URL of a job: its own, else the provider's; without a trailing slash. */
struct slice provider_base_url(const struct provider *provider, const struct job *job);
/* The rate of a job: its own, else the provider's. */
struct job_rate provider_rate(const struct provider *provider, const struct job *job);

#endif
