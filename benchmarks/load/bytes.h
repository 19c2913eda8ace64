/* A growable run of bytes. */
#pragma once

#include <stddef.h>

struct bytes {
    char *at;
    size_t length;
    size_t room; /* bytes that `at` can hold */
};

/* Make room for `more` bytes after the length; ends the process where there is no memory. */
void bytes_reserve(struct bytes *bytes, size_t more);

/* Put bytes at the end. */
void bytes_append(struct bytes *bytes, const void *from, size_t length);

/* Take bytes off the front. */
void bytes_drop(struct bytes *bytes, size_t length);

/* Give the memory back. */
void bytes_free(struct bytes *bytes);
