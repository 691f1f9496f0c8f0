/* UUIDs in their text form (36 lower-case characters): the form of every file and message. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>

#define UUID_TEXT_SIZE 37

void uuid_make(char out[UUID_TEXT_SIZE]); /* random, RFC 4122 version 4 */

/* True for a UUID in any case; *out is then its lower-case form. text may be out. */
bool uuid_normalize(const char *text, char out[UUID_TEXT_SIZE]);

#endif
