/* verifiable: what a provider needs to verify a customer by itself: record/unverifiable. Inside of src/rules
 * and for guess.
 *
 * Thread: one worker's.
 */
#ifndef KYC_RULES_VERIFIABLE_H
#define KYC_RULES_VERIFIABLE_H

#include "rules/record_context.h"

/* The word of kira's `verification_mode` for a user who verifies by a link. */
#define VERIFIABLE_LINK_MODE "verification_link"

/* Collects the rows of the provider that count (provider_field.verifies). */
void verifiable_prepare(struct rule_set *set);

/* Adds one warning with all that the record lacks, unless it asks for a verification link. A rule `required:
 * false` of the job takes a field off the list; that of document_front the documents with files, that of
 * national_id or tax_id their numbers. For a record whose other fields are read. */
void verifiable_check(struct record_context *context);

#endif
