/* language_names: the committed table behind language.h, written by scripts/make-languages.
 *
 * Only language.c reads it. Thread: constant.
 */
#ifndef KYC_MODEL_LANGUAGE_NAMES_H
#define KYC_MODEL_LANGUAGE_NAMES_H

#include <stddef.h>

/* Lines `KEY TAB CODE NL`. KEY is a name folded by text_fold_name, without its blanks, or a code of three
 * letters; CODE is of language_codes. In the order of their bytes. */
extern const char language_names[];
extern const size_t language_names_len;

#endif
