/* What children of the driver do, by name: see driver_helper(). */
#include <string.h>

#include "libxl/driver.h"
#include "libxl/xen/image.h"

int xen_helper(int argc, char **argv)
{
    (void)argc;
    return strcmp(argv[0], "unpack") == 0 ? unpack_child() : 1;
}
