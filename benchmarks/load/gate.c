#include "gate.h"

#include <stdio.h>
#include <stdlib.h>

void gate(bool wanted, const char *word)
{
    int byte;
    if (!wanted)
        return;
    fprintf(stderr, "%s\n", word);
    while ((byte = getchar()) != '\n')
        if (byte == EOF)
            exit(2); /* who started this is gone */
}
