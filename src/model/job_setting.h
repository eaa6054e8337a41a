/* job_setting: the settings that only some providers have, by name.
 *
 * Which provider has which, in which form and with which default, are the rows of its descriptor
 * (src/provider/provider_settings.h). A provider without the setting reads as 0 and NULL. Thread: any; pure.
 */
#ifndef KYC_MODEL_JOB_SETTING_H
#define KYC_MODEL_JOB_SETTING_H

#include <stdbool.h>
#include <stdint.h>

#include "model/job.h"

#define SETTING_NONCE_WINDOW       "nonce_window"       /* ns; 0: one request in flight a key */
#define SETTING_NONCE_FLOOR        "nonce_floor"        /* 0: none */
#define SETTING_CONCAT_COUNTRY     "concat_country"     /* CONCAT begins with the nationality's alpha-2 */
#define SETTING_VERSION            "version"            /* the value of the header below */
#define SETTING_VERSION_HEADER     "version_header"     /* the header that names the API's version */
#define SETTING_IDEMPOTENCY_WINDOW "idempotency_window" /* ns */
#define SETTING_DOCUMENTS          "documents"          /* the folder of documents */
#define SETTING_VERIFIER           "verifier"           /* who checked the documents */
#define SETTING_LINK_VALID         "link_valid"         /* ns */
#define SETTING_SETTLE_AFTER       "settle_after"       /* ns */
#define SETTING_LIST_MAX           "list_max"           /* bytes of a listing of users */
#define SETTING_DATE_FORMAT        "date_format"        /* enum job_date_format */
#define SETTING_NATIONALITY        "nationality"        /* enum job_nationality */

enum job_date_format { JOB_DATE_DMY, JOB_DATE_ISO }; /* DD/MM/YYYY, YYYY-MM-DD */

/* Which field is sent as the customer's nationality. */
enum job_nationality { JOB_NATIONALITY_FIRST, JOB_NATIONALITY_BIRTH_COUNTRY };

uint64_t job_setting_number(const struct job_provider *provider, const char *name);
const char *job_setting_text(const struct job_provider *provider, const char *name);
bool job_setting_flag(const struct job_provider *provider, const char *name);
/* Where it is written, for a message; line 0: nowhere. */
struct job_place job_setting_place(const struct job_provider *provider, const char *name);

#endif
