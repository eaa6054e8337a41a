/* language: the two-letter codes of ISO 639-1, for providers that accept any of them.
 *
 * From iso-codes 4.15.0 (iso_639-2.json, alpha_2). Thread: constant.
 */
#ifndef KYC_MODEL_LANGUAGE_H
#define KYC_MODEL_LANGUAGE_H

/* In lower case, NULL-terminated. */
extern const char *const language_codes[];

#endif
