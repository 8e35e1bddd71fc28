/*
 * Preloaded beside AddressSanitizer's runtime, and linked with -z initfirst: the runtime sets itself
 * up at the first malloc, and looking for symbols then takes gettext's lock. Without this, that
 * first malloc is one that bindtextdomain() makes with the lock held, in the constructor of
 * libgpg-error, on which Debian's server depends; the lock is broken and the server hangs.
 */
#include <stdlib.h>

__attribute__((constructor)) static void first(void) {
    free(malloc(1));
}
